/**
 * What came of every request of a soak: whether the server saw the credential that was in force, and
 * none where none belongs.
 *
 * @module
 */

/** What one kind of traffic came to. */
export interface Tally {
  done: number;
  /** Answered with 502 while the daemon was away: the rule is to send nothing then. */
  refused: number;
  failed: number;
}

/** Header that tells the server which key was in force when a request was sent. */
export const EPOCH_HEADER = "x-soak-epoch";

/** See the module. */
export class Ledger {
  /** Requests that carried another credential than the one in force. */
  wrong = 0;
  /** Requests to a routed host without a credential, and foreign ones with one. */
  missing = 0;
  /** The first few of what went wrong, in words. */
  readonly complaints: string[] = [];
  readonly tallies = new Map<string, Tally>();
  /** Keys since the beginning; the last ones may not be in force yet. */
  readonly #keys: string[];
  #inForce = 0;

  /** With the first key. */
  constructor(key: string) {
    this.#keys = [key];
  }

  /** Value of {@linkcode EPOCH_HEADER} for a request that is sent now. */
  get epoch(): string {
    return String(this.#inForce);
  }

  /** The owner begins to log in with another key. */
  beginChange(key: string): void {
    this.#keys.push(key);
  }

  /** The login has returned: from here on the old key is wrong. */
  endChange(): void {
    this.#inForce = this.#keys.length - 1;
  }

  /** Judges what arrived at the host whose key changes; `epoch` is the request's own. */
  judgeChanging(key: string | null, epoch: string | null): void {
    const index = key === null ? -1 : this.#keys.indexOf(key);
    if (key === null || index < 0) return this.#complain("missing", `key ${key} at epoch ${epoch}`);
    if (index < Number(epoch)) this.#complain("wrong", `key ${index} at epoch ${epoch}`);
  }

  /** Judges what arrived where the key is always the same; null: there is none. */
  judgeFixed(key: string | null, expected: string | null, host: string): void {
    if (key === expected) return;
    this.#complain(key === null || expected === null ? "missing" : "wrong", `at ${host}`);
  }

  /** Counts one request of a kind. */
  count(kind: string, outcome: keyof Tally, complaint?: string): void {
    let tally = this.tallies.get(kind);
    if (tally === undefined) this.tallies.set(kind, tally = { done: 0, refused: 0, failed: 0 });
    tally[outcome]++;
    if (outcome === "failed") this.#note(`${kind}: ${complaint ?? "failed"}`);
  }

  #complain(what: "wrong" | "missing", text: string): void {
    this[what]++;
    this.#note(`${what} credential: ${text}`);
  }

  #note(text: string): void {
    if (this.complaints.length < 20) this.complaints.push(text);
  }
}
