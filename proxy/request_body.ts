/**
 * The body of one request on its way: streamed while it comes, and kept as far as it may have to be
 * sent a second time.
 *
 * @module
 */
import { type Duplex, writeAll } from "./duplex.ts";
import type { ByteReader } from "./http1/byte_reader.ts";
import { copyBody } from "./http1/copy_body.ts";
import { latin1Bytes } from "./http1/latin1.ts";
import type { Forward } from "./forward.ts";
import type { Framing } from "./http1/framing.ts";

/** Bodies up to this size can be replayed after a credential was refreshed. */
export const MAX_KEPT_BYTES: number = 1024 * 1024;

/** What is done with the body besides sending it. */
export interface RequestBodyOptions {
  /** The request may have to be sent again. */
  readonly keep: boolean;
  /** See `Forward.watchBody`. */
  readonly watch?: Forward["watchBody"] | undefined;
}

/** Nothing to wait for. */
const SETTLED: Promise<void> = Promise.resolve();

/** One request body. */
export class RequestBody {
  readonly #reader: ByteReader;
  readonly #framing: Framing;
  readonly #watch: RequestBodyOptions["watch"];
  #kept: Uint8Array[] | null;
  #keptBytes = 0;
  #isSent: boolean;
  #copying: Promise<void> = SETTLED;

  /** Reads nothing yet. */
  constructor(reader: ByteReader, framing: Framing, { keep, watch }: RequestBodyOptions) {
    this.#reader = reader;
    this.#framing = framing;
    this.#watch = watch;
    this.#kept = keep ? [] : null;
    this.#isSent = framing.kind === "none";
  }

  /** There is none. */
  get isEmpty(): boolean {
    return this.#framing.kind === "none";
  }

  /** Everything was read from the client and sent to a server. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Everything is here, so that the request can be sent again as it was. */
  get canReplay(): boolean {
    return this.#isSent && (this.isEmpty || this.#kept !== null);
  }

  /**
   * Starts to send head and body, in the background ({@linkcode RequestBody.settled}) while the answer
   * is read. `onFailed` is called when client or server break off.
   */
  start(to: Duplex, head: string, onFailed: (error: unknown) => void): void {
    this.#copying = this.#copy(to, head).catch(onFailed);
  }

  async #copy(to: Duplex, head: string): Promise<void> {
    await copyBody(this.#reader, to, this.#framing, {
      side: "request",
      head,
      watch: this.#watch,
      ...(this.#kept === null ? {} : { onPiece: (piece) => this.#keep(piece) }),
    });
    this.#isSent = true;
  }

  /** Sends head and body again, from memory. */
  async replay(to: Duplex, head: string): Promise<void> {
    await writeAll(to, latin1Bytes(head));
    for (const piece of this.#kept ?? []) await writeAll(to, piece);
  }

  /** Resolves when the sending has ended, well or not; never rejects. */
  settled(): Promise<void> {
    return this.#copying;
  }

  #keep(piece: Uint8Array): void {
    this.#keptBytes += piece.length;
    if (this.#keptBytes > MAX_KEPT_BYTES) this.#kept = null;
    this.#kept?.push(piece.slice());
  }
}
