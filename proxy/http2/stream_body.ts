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

/** Bodies up to this size can be sent again: with a refreshed credential, or to a willing server. */
const MAX_KEPT_BYTES = 256 * 1024;
/** One of a byte takes the memory of two hundred. */
const MAX_KEPT_PIECES = 1024;

/** One request body. */
export class StreamBody {
  readonly #stream: Http2Stream;
  /** All that was read from the client; null when that became too much, or is not needed any more. */
  #kept: Uint8Array[] | null = [];
  #keptBytes = 0;
  #reading: Promise<Uint8Array | null> | null = null;
  /** The one that it goes to. */
  #call: Http2Stream | null = null;
  #isSent: boolean;
  /** There is none. */
  readonly isEmpty: boolean;

  /** Reads nothing yet. */
  constructor(stream: Http2Stream) {
    this.#stream = stream;
    this.isEmpty = this.#isSent = stream.isReceived && stream.body.isAtEnd;
  }

  /** It was begun to be read from the client, if nothing of it has come yet. */
  get isTaken(): boolean {
    return this.#call !== null;
  }

  /** Some of it was read from the client. */
  get isBegun(): boolean {
    return this.#keptBytes > 0 || this.#isSent && !this.isEmpty;
  }

  /** Everything that was read so far is here, so that the request can be sent again as it was. */
  get canResend(): boolean {
    return this.#kept !== null;
  }

  /** The same, and nothing is still to come. */
  get canReplay(): boolean {
    return this.#isSent && this.canResend;
  }

  /** It has been sent, and need not be a second time. */
  release(): void {
    this.#kept = null;
  }

  /**
   * Sends it: what was read before, from memory, and what comes from now on. A second call takes it
   * over from the first. Done when all is sent, or one of the two streams has ended: a body that broke
   * off ends the call, and so does what `watch` throws about a piece, which is told before and not
   * sent.
   */
  async sendTo(
    call: Http2Stream,
    watch: Forward["watchBody"],
    onRefusal: (refusal: Refusal) => void,
  ): Promise<void> {
    if (this.isEmpty) return;
    this.#call = call;
    // Never a request without its beginning.
    if (this.isBegun && this.#kept === null) return call.reset(ErrorCode.CANCEL);
    try {
      for (const piece of this.#kept ?? []) await call.write(piece);
      if (this.#isSent) call.finish(trailerFields(this.#stream.body.trailers));
      else await this.#pass(call, watch);
    } catch (error) {
      if (error instanceof Refusal) {
        this.#kept = null;
        onRefusal(error);
      }
      // The server must not take half a request for a whole one.
      call.reset(ErrorCode.CANCEL);
    }
  }

  async #pass(call: Http2Stream, watch: Forward["watchBody"]): Promise<void> {
    const { body } = this.#stream;
    for (;;) {
      const piece = await (this.#reading ??= body.read());
      // Left for whoever takes over: read here it would be counted, and could be the one too much.
      if (this.#call !== call || call.hasEnded) return;
      this.#reading = null;
      if (piece === null) break;
      watch?.(piece);
      this.#keep(piece);
      const isLast = body.isAtEnd;
      if (isLast) this.#isSent = true;
      await call.write(piece, { endStream: isLast });
      if (isLast) return;
    }
    const trailers = trailerFields(body.trailers);
    if (trailers.length > 0) watch?.(fieldBytes(trailers), true);
    this.#isSent = true;
    call.finish(trailers);
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
