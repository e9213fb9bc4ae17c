/**
 * The body and trailers of one HTTP/2 request on their way: streamed while they come, and kept as far
 * as they may have to be sent a second time.
 *
 * @module
 */
import { Refusal } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { trailerFields } from "./stream_head.ts";

/** Bodies up to this size can be replayed after a credential was refreshed. */
const MAX_KEPT_BYTES = 256 * 1024;
/** One of a byte takes the memory of two hundred. */
const MAX_KEPT_PIECES = 1024;

/** One request body. */
export class StreamBody {
  readonly #stream: Http2Stream;
  #kept: Uint8Array[] | null = null;
  #keptBytes = 0;
  #isBegun = false;
  #isSent: boolean;
  /** There is none. */
  readonly isEmpty: boolean;

  /** Reads nothing yet. */
  constructor(stream: Http2Stream) {
    this.#stream = stream;
    this.isEmpty = this.#isSent = stream.isReceived && stream.body.isAtEnd;
  }

  /** The request may have to be sent again; said before it is sent. */
  keep(): void {
    this.#kept = [];
  }

  /** Everything was read from the client and given to a server. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Nothing of it was read from the client. */
  get isUntouched(): boolean {
    return this.isEmpty || !this.#isBegun;
  }

  /** Everything is here, so that the request can be sent again as it was. */
  get canReplay(): boolean {
    return this.#isSent && (this.isEmpty || this.#kept !== null);
  }

  /**
   * Sends it: what comes from now on, or, the second time, from memory. Done when all is sent, or
   * one of the two streams has ended: a body that broke off ends the call, and so does what `watch`
   * throws about a piece, which is told before and not sent.
   */
  async sendTo(
    call: Http2Stream,
    watch: Forward["watchBody"],
    onRefusal: (refusal: Refusal) => void,
  ): Promise<void> {
    if (this.isEmpty) return;
    try {
      if (this.#isSent) await this.#replay(call);
      else await this.#pass(call, watch);
    } catch (error) {
      if (error instanceof Refusal) onRefusal(error);
      // The server must not take half a request for a whole one.
      call.reset(ErrorCode.CANCEL);
    }
  }

  async #pass(call: Http2Stream, watch: Forward["watchBody"]): Promise<void> {
    const { body } = this.#stream;
    this.#isBegun = true;
    for (let piece = await body.read(); piece !== null; piece = await body.read()) {
      watch?.(piece);
      this.#keep(piece);
      const isLast = body.isAtEnd;
      if (isLast) this.#isSent = true;
      await call.write(piece, { endStream: isLast });
    }
    const trailers = trailerFields(body.trailers);
    if (trailers.length > 0) watch?.(fieldBytes(trailers), true);
    this.#isSent = true;
    call.finish(trailers);
  }

  async #replay(call: Http2Stream): Promise<void> {
    for (const piece of this.#kept ?? []) await call.write(piece);
    call.finish(trailerFields(this.#stream.body.trailers));
  }

  #keep(piece: Uint8Array): void {
    this.#keptBytes += piece.length;
    this.#kept?.push(piece);
    if (this.#keptBytes <= MAX_KEPT_BYTES && this.#kept?.length !== MAX_KEPT_PIECES) return;
    this.#kept = null;
  }
}

function fieldBytes(fields: readonly FieldLine[]): Uint8Array {
  return new TextEncoder().encode(fields.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
}
