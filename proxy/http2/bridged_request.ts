/**
 * One request on its way from an HTTP/1.1 writer to an HTTP/2 stream, kept as far as it may have to be
 * sent a second time: a server that refuses a stream did nothing with it (RFC 9113 section 8.7).
 *
 * @module
 */
import { MAX_KEPT_BYTES } from "../request_body.ts";
import { StreamFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream } from "./http2_stream.ts";

/** One of a byte takes the memory of two hundred. */
const MAX_KEPT_PIECES = 4096;

/** What a request begins with. */
export interface BridgedHead {
  readonly method: string;
  readonly fields: readonly FieldLine[];
  /** That is all of it. */
  readonly endStream: boolean;
  /** Of a request that opens a WebSocket; null for any other one. */
  readonly webSocketKey: string | null;
}

/** See the module. */
export class BridgedRequest {
  readonly head: BridgedHead;
  readonly #first: Http2Stream;
  /** Where pieces go. */
  #call: Http2Stream;
  /** Where the answer comes from: the same one, but for the time in which it is sent again. */
  #latest: Http2Stream;
  #kept: Uint8Array[] | null = [];
  #keptBytes = 0;
  #trailers: readonly FieldLine[] | null = null;
  /** Settled when another stream has all that was written, or it is sure that none will. */
  readonly #moved = Promise.withResolvers<void>();

  /** Its head was sent on `call`. */
  constructor(head: BridgedHead, call: Http2Stream) {
    this.head = head;
    this.#first = this.#call = this.#latest = call;
    this.#moved.promise.catch(() => {});
  }

  /** The stream whose answer counts. */
  get call(): Http2Stream {
    return this.#latest;
  }

  /** Sends a piece of the body, which is copied; done when the server has let it in. */
  async write(piece: Uint8Array): Promise<void> {
    const isKept = this.#keep(piece);
    const call = this.#call;
    try {
      await call.write(piece);
    } catch (error) {
      if (call !== this.#first || !isRefusal(error)) throw error;
      await this.#moved.promise;
      // What is kept was sent by whoever moved the request.
      if (!isKept) await this.#call.write(piece);
    }
  }

  /** Ends it. */
  finish(trailers: readonly FieldLine[]): void {
    this.#trailers = trailers;
    this.#call.finish(trailers);
  }

  /** An answer has come: it will not be sent again. */
  release(): void {
    this.#kept = null;
    if (this.#latest === this.#first) this.#moved.reject(new Error("the server takes no more"));
  }

  /**
   * Sends it again on the stream that `open` gives, because of `failure`; the body goes on in the
   * background.
   *
   * @throws {unknown} `failure` when that is no reason; otherwise why it cannot be sent again.
   */
  async move(failure: unknown, open: () => Promise<Http2Stream>): Promise<void> {
    // Held here: a piece that is written meanwhile may be the one too much to keep, and is in it.
    const kept = this.#kept;
    try {
      if (!isRefusal(failure)) throw failure;
      if (this.#latest !== this.#first) {
        throw new Error("the server refused the request unread, twice");
      }
      if (kept === null) {
        throw new Error(
          "the server refused the request unread, and it is too long to be sent again",
        );
      }
      this.#latest = await open();
    } catch (error) {
      this.#moved.reject(error);
      throw error;
    }
    void this.#replay(kept, this.#latest).then(this.#moved.resolve, this.#moved.reject);
  }

  async #replay(pieces: readonly Uint8Array[], call: Http2Stream): Promise<void> {
    // Also what is written meanwhile.
    for (let index = 0; index < pieces.length; index++) await call.write(pieces[index]!);
    if (this.#trailers !== null) call.finish(this.#trailers);
    this.#call = call;
  }

  #keep(piece: Uint8Array): boolean {
    if (this.#kept === null) return false;
    this.#keptBytes += piece.length;
    // The writer uses its memory again.
    this.#kept.push(piece.slice());
    const isTooMuch = this.#keptBytes > MAX_KEPT_BYTES || this.#kept.length > MAX_KEPT_PIECES;
    if (isTooMuch) this.#kept = null;
    return true;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof StreamFailure && error.by === "peer" &&
    error.code === ErrorCode.REFUSED_STREAM;
}
