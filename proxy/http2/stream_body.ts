/**
 * The body and trailers of one HTTP/2 request on their way: streamed while they come, and kept as far
 * as they may have to be sent a second time.
 *
 * @module
 */
import http2 from "node:http2";
import type { Forward } from "../forward.ts";
import { trailerFields } from "./stream_head.ts";

/** Bodies up to this size can be replayed after a credential was refreshed. */
const MAX_KEPT_BYTES = 256 * 1024;

/** One request body. */
export class StreamBody {
  readonly #stream: http2.ServerHttp2Stream;
  #kept: Uint8Array[] | null = null;
  #keptBytes = 0;
  #trailers: http2.OutgoingHttpHeaders = {};
  #isSent: boolean;

  /** There is none. */
  readonly isEmpty: boolean;

  /** Reads nothing yet but trailers. */
  constructor(stream: http2.ServerHttp2Stream, hasBody: boolean) {
    this.#stream = stream;
    this.isEmpty = !hasBody;
    this.#isSent = !hasBody;
    if (!hasBody) return;
    stream.once("trailers", (fields: http2.IncomingHttpHeaders) => {
      this.#trailers = trailerFields(fields);
    });
  }

  /** The request may have to be sent again; said before it is sent. */
  keep(): void {
    this.#kept = [];
  }

  /** Everything was read from the client and given to a server. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Everything is here, so that the request can be sent again as it was. */
  get canReplay(): boolean {
    return this.#isSent && (this.isEmpty || this.#kept !== null);
  }

  /**
   * Sends it: what comes from now on, or, the second time, from memory. What `watch` throws about a
   * piece becomes the error of the call, and the piece is not sent.
   */
  sendTo(call: http2.ClientHttp2Stream, watch?: Forward["watchBody"]): void {
    if (this.isEmpty) return;
    call.once("wantTrailers", () => {
      if (watch !== undefined) destroyAt(call, watch, fieldBytes(this.#trailers), true);
      if (!call.destroyed) call.sendTrailers(this.#trailers);
    });
    if (this.#isSent) {
      for (const piece of this.#kept ?? []) call.write(piece);
      call.end();
      return;
    }
    const stream = this.#stream;
    if (watch !== undefined) {
      stream.on("data", (piece: Uint8Array) => destroyAt(call, watch, piece));
    }
    if (this.#kept !== null) stream.on("data", (piece: Uint8Array) => this.#keep(piece));
    stream.once("end", () => {
      // A reset ends the readable side too: the server must not take half a request for a whole one.
      if (stream.aborted || stream.rstCode !== 0) return call.close(http2.constants.NGHTTP2_CANCEL);
      this.#isSent = true;
      call.end();
    });
    stream.pipe(call, { end: false });
  }

  #keep(piece: Uint8Array): void {
    this.#keptBytes += piece.length;
    if (this.#keptBytes > MAX_KEPT_BYTES) this.#kept = null;
    this.#kept?.push(piece);
  }
}

function destroyAt(
  call: http2.ClientHttp2Stream,
  watch: NonNullable<Forward["watchBody"]>,
  piece: Uint8Array,
  isBeside = false,
): void {
  try {
    if (!call.destroyed) watch(piece, isBeside);
  } catch (refusal) {
    call.destroy(refusal as Error);
  }
}

function fieldBytes(fields: http2.OutgoingHttpHeaders): Uint8Array {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}\r\n`)
  );
  return new TextEncoder().encode(lines.join(""));
}
