/**
 * The daemon's end of the control connection: tells the relay which hosts are allowed, and notices
 * when the relay dies (the relay notices the daemon's death by the same connection).
 *
 * @module
 */
import type { RelayAddress } from "./egress/open_tunnel.ts";
import { readHead } from "./relay/head.ts";
import type { AllowedHost, AllowMessage } from "./relay_protocol.ts";

/** The control connection. */
export interface EgressControl {
  /** False once the relay is gone; it does not come back in this process's life. */
  readonly isUp: boolean;
  /**
   * Sets the hosts of one group (`definitions`, `discovered`, a login's id); the relay allows the
   * union of all groups. Resolves when the relay has it, or is gone.
   */
  allow(group: string, hosts: readonly AllowedHost[]): Promise<void>;
  /** Resolves when the relay is gone. */
  readonly down: Promise<void>;
  /** Ends the relay. */
  close(): void;
}

/** Opens the control connection; a relay that cannot be reached gives one that is down. */
export async function openEgressControl(relay: RelayAddress): Promise<EgressControl> {
  const control = new Control();
  await control.open(relay);
  return control;
}

class Control implements EgressControl {
  #conn: Deno.TcpConn | null = null;
  readonly #groups = new Map<string, readonly AllowedHost[]>();
  /** What the relay was told last, to say nothing twice. */
  #told = "";
  /** One for each message that the relay has not answered yet, oldest first. */
  readonly #unanswered: (() => void)[] = [];
  #writes: Promise<void> = Promise.resolve();
  readonly #down = Promise.withResolvers<void>();

  get isUp(): boolean {
    return this.#conn !== null;
  }

  get down(): Promise<void> {
    return this.#down.promise;
  }

  async open(relay: RelayAddress): Promise<void> {
    try {
      this.#conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
      this.#conn.setNoDelay(true);
      await this.#write(
        `CONTROL authsome HTTP/1.1\r\nProxy-Authorization: Bearer ${relay.secret}\r\n\r\n`,
      );
      const head = await readHead(this.#conn);
      if (head === null || !head.start.startsWith("HTTP/1.1 200 ")) throw new Error("refused");
      void this.#readAnswers(this.#conn);
    } catch {
      this.close();
    }
  }

  async allow(group: string, hosts: readonly AllowedHost[]): Promise<void> {
    if (hosts.length === 0) this.#groups.delete(group);
    else this.#groups.set(group, hosts);
    const message: AllowMessage = { allow: unique([...this.#groups.values()].flat()) };
    const text = JSON.stringify(message);
    if (this.#conn === null || text === this.#told) return await this.#writes;
    this.#told = text;
    const answered = new Promise<void>((resolve) => this.#unanswered.push(resolve));
    // One message after the other: two writes at once would mix their bytes.
    this.#writes = this.#writes.then(() => this.#write(`${text}\n`)).then(() => answered)
      .catch(() => this.close());
    await this.#writes;
  }

  close(): void {
    try {
      this.#conn?.close();
    } catch {
      // The relay's end closed it.
    }
    this.#conn = null;
    for (const resolve of this.#unanswered.splice(0)) resolve();
    this.#down.resolve();
  }

  async #write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let n = 0; n < bytes.length && this.#conn !== null;) {
      n += await this.#conn.write(bytes.subarray(n));
    }
  }

  /** Each line is one answer; what it counts is the relay's business. */
  async #readAnswers(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        for (const byte of buffer.subarray(0, n)) if (byte === 10) this.#unanswered.shift()?.();
      }
    } catch {
      // A reset says the same as an end.
    }
    this.close();
  }
}

function unique(hosts: readonly AllowedHost[]): AllowedHost[] {
  return [...new Map(hosts.map((entry) => [JSON.stringify(entry), entry])).values()];
}
