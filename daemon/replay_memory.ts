/**
 * Remembers every proof that was accepted until it has expired, so that a proof works once: in
 * memory, and in a file that outlives the process.
 *
 * A proof becomes 53 bits of fingerprint and its expiry. A fingerprint met by chance refuses an
 * honest request less than once in 10⁹; it never lets a replay through. The file is appended to with one
 * `write(2)` for each proof and no fsync: what the kernel has survives `kill -9`, and a machine that
 * lost power has lost more time than most proofs live.
 *
 * One key may hold as much of the memory as is free, never more: one that fills all it can leaves half
 * to the others, two leave a third. (The dynamic threshold of Choudhury and Hahne, "Dynamic queue
 * length thresholds for shared-memory packet switches", 1998.) What was read from the file counts for
 * no key: it is gone within minutes.
 *
 * @module
 */
import { InvalidProofError, StoreUnavailableError } from "../core/errors.ts";
import type { Proof } from "../core/proof.ts";

/** Most proofs remembered at a time: at 3,000 requests a second, proofs of the longest lifetime. */
export const REPLAY_CAPACITY = 1_000_000;

/** Bytes of a record: expiry in seconds, two halves of the fingerprint. */
const RECORD = 12;
/** What the upper half of a fingerprint is multiplied with: the lower half has 21 bits. */
const LOW = 0x20_0000;
/** Proofs that expire within the same so many seconds are forgotten together. */
const WINDOW_SECONDS = 32;
/** The file is rewritten when it is this much larger than what is worth keeping. */
const SLACK_BYTES = 256 * 1024;

/** How a replay memory is opened. */
export interface ReplayMemoryOptions {
  /** `server/daemon/replay.log`; null keeps nothing on disk. */
  readonly path: string | null;
  readonly now: () => Date;
  readonly capacity?: number;
}

/** The proofs that expire within the same half-minute. */
interface Window {
  readonly fingerprints: Set<number>;
  /** How many of them each key signed. */
  readonly counts: Map<string, number>;
}

/** The proofs seen, each until it expires. */
export class ReplayMemory {
  /** By the window they expire in: a half-minute is dropped at once. */
  readonly #windows = new Map<number, Window>();
  readonly #path: string | null;
  readonly #now: () => Date;
  readonly #capacity: number;
  readonly #record = new Uint32Array(RECORD / 4);
  readonly #bytes = new Uint8Array(this.#record.buffer);
  #file: Deno.FsFile | null = null;
  #fileBytes = 0;
  #size = 0;
  #oldest = 0;

  private constructor({ path, now, capacity = REPLAY_CAPACITY }: ReplayMemoryOptions) {
    this.#path = path;
    this.#now = now;
    this.#capacity = capacity;
  }

  /**
   * Opens the memory and reads what an earlier process left.
   *
   * @throws {StoreUnavailableError} when the file cannot be read or written.
   */
  static open(options: ReplayMemoryOptions): ReplayMemory {
    const memory = new ReplayMemory(options);
    if (options.path !== null) {
      try {
        memory.#load(options.path);
        memory.#rewrite(options.path);
      } catch (cause) {
        throw new StoreUnavailableError(
          `Cannot open the memory of used proofs: ${options.path} is not usable`,
          { cause },
        );
      }
    }
    return memory;
  }

  /** Number of proofs remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Remembers the proof.
   *
   * @throws {InvalidProofError} when it was seen before.
   * @throws {StoreUnavailableError} when there is no room, its key has used its share of it, or the
   * file cannot be written: a proof that cannot be remembered is not accepted.
   */
  useOnce(proof: Proof): void {
    const now = this.#now().getTime() / 1000;
    this.#forgetExpired(now);
    const key = fingerprint(`${proof.did} ${proof.jti}`);
    const expiry = Math.ceil(proof.expires_at.getTime() / 1000);
    if (this.#has(key)) {
      throw new InvalidProofError("Cannot accept the proof: it was used before");
    }
    if (this.#size >= this.#capacity) {
      throw new StoreUnavailableError("Cannot accept the proof: too many are remembered already", {
        hint: "Wait a minute and try again",
      });
    }
    if (this.#heldBy(proof.did) >= this.#capacity - this.#size) {
      throw new StoreUnavailableError(
        "Cannot accept the proof: too many of this key are remembered",
        {
          hint: "Send fewer requests; wait a minute and try again",
        },
      );
    }
    this.#append(expiry, key);
    const { counts } = this.#add(expiry, key);
    counts.set(proof.did, (counts.get(proof.did) ?? 0) + 1);
  }

  /** Closes the file. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #has(key: number): boolean {
    for (const { fingerprints } of this.#windows.values()) if (fingerprints.has(key)) return true;
    return false;
  }

  #heldBy(did: string): number {
    let held = 0;
    for (const { counts } of this.#windows.values()) held += counts.get(did) ?? 0;
    return held;
  }

  #add(expiry: number, key: number): Window {
    const index = Math.floor(expiry / WINDOW_SECONDS);
    let window = this.#windows.get(index);
    if (window === undefined) {
      this.#windows.set(index, window = { fingerprints: new Set(), counts: new Map() });
    }
    window.fingerprints.add(key);
    this.#size++;
    return window;
  }

  #forgetExpired(now: number): void {
    const current = Math.floor(now / WINDOW_SECONDS);
    if (current === this.#oldest) return;
    this.#oldest = current;
    for (const [index, window] of this.#windows) {
      if (index >= current) continue;
      this.#windows.delete(index);
      this.#size -= window.fingerprints.size;
    }
    if (this.#path !== null && this.#fileBytes > this.#size * RECORD * 2 + SLACK_BYTES) {
      this.#rewrite(this.#path);
    }
  }

  #append(expiry: number, key: number): void {
    if (this.#file === null) return;
    this.#record[0] = expiry;
    this.#record[1] = Math.floor(key / LOW);
    this.#record[2] = key % LOW;
    try {
      for (let n = 0; n < RECORD;) n += this.#file.writeSync(this.#bytes.subarray(n));
    } catch (cause) {
      throw new StoreUnavailableError("Cannot remember the proof: its file is not writable", {
        cause,
      });
    }
    this.#fileBytes += RECORD;
  }

  #load(path: string): void {
    let bytes: Uint8Array;
    try {
      bytes = Deno.readFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    // A record that a crash cut in half belongs to a request that was never answered.
    const whole = bytes.slice(0, bytes.length - bytes.length % RECORD);
    const words = new Uint32Array(whole.buffer);
    const now = this.#now().getTime() / 1000;
    for (let n = 0; n < words.length; n += 3) {
      if (words[n]! >= now) this.#add(words[n]!, words[n + 1]! * LOW + words[n + 2]!);
    }
  }

  /** Writes what is worth keeping to a new file and puts it in the old one's place. */
  #rewrite(path: string): void {
    const words = new Uint32Array(this.#size * 3);
    let n = 0;
    for (const [index, { fingerprints }] of this.#windows) {
      for (const key of fingerprints) {
        // The window's end: a little later than the proof's own, never earlier.
        words[n++] = (index + 1) * WINDOW_SECONDS;
        words[n++] = Math.floor(key / LOW);
        words[n++] = key % LOW;
      }
    }
    const temporary = `${path}.new`;
    Deno.writeFileSync(temporary, new Uint8Array(words.buffer, 0, n * 4), { mode: 0o600 });
    Deno.renameSync(temporary, path);
    this.#file?.close();
    this.#file = Deno.openSync(path, { append: true });
    this.#fileBytes = n * 4;
  }
}

/**
 * 53 bits of a text: two multiplicative hashes with a final mixing. Not a cryptographic hash, and it
 * need not be: only a registered key gets this far, and a collision refuses, never accepts.
 */
function fingerprint(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (a >>> 0) * LOW + (b >>> 11);
}
