/**
 * The answer of an HTTP/2 server as an HTTP/1.1 message: with a length where the server gave one, in
 * chunks otherwise, trailers behind them.
 *
 * An answer that broke off is never passed on as a whole one.
 *
 * @module
 */
import type http2 from "node:http2";
import { PassThrough } from "node:stream";
import { latin1Bytes } from "../http1/byte_reader.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { answerHead, trailerFields } from "./stream_head.ts";

/** How the answer's end is told to an HTTP/1.1 reader; "head": it knows by itself. */
type AnswerFraming = "head" | "chunked" | number;

const CHUNKED = "transfer-encoding: chunked\r\n";
const EMPTY = "content-length: 0\r\n";

function framingOf(
  headers: http2.IncomingHttpHeaders,
  method: string,
  isWhole: boolean,
): AnswerFraming {
  const status = Number(headers[":status"]);
  if (method === "HEAD" || status === 204 || status === 304) return "head";
  const length = headers["content-length"];
  if (length !== undefined) return Number(length) === 0 && isWhole ? "head" : Number(length);
  return isWhole ? 0 : "chunked";
}

/** One answer on its way. */
export class BridgedAnswer {
  /** It has come to its end. */
  isDone = false;
  readonly #onDone: () => void;
  readonly #body = new PassThrough();
  #trailers: http2.OutgoingHttpHeaders = {};

  /** Read from the beginning: what was not read when the server closes the session would be lost. */
  constructor(call: http2.ClientHttp2Stream, onDone: () => void) {
    this.#onDone = onDone;
    let trailers: http2.OutgoingHttpHeaders = {};
    call.once("trailers", (fields: http2.IncomingHttpHeaders) => trailers = trailerFields(fields));
    call.pipe(this.#body, { end: false });
    call.once("end", () => {
      // A reset and a broken connection end the readable side too; trailers only come at the end.
      const isBroken = call.rstCode !== 0 || call.aborted || call.destroyed;
      if (isBroken && Object.keys(trailers).length === 0) return;
      this.#trailers = trailers;
      this.#body.end();
    });
  }

  /** Passes head and body on; holds the server back while nobody reads. */
  relay(
    to: ByteQueue,
    headers: http2.IncomingHttpHeaders,
    { method, isWhole }: { readonly method: string; readonly isWhole: boolean },
  ): void {
    const framing = framingOf(headers, method, isWhole);
    to.push(
      latin1Bytes(headText(headers, framing === "chunked" ? CHUNKED : framing === 0 ? EMPTY : "")),
    );
    let left = typeof framing === "number" ? framing : 0;
    to.onPressure = (isFull) => isFull ? this.#body.pause() : this.#body.resume();
    this.#body.on("data", (piece: Uint8Array) => {
      left -= piece.length;
      if (framing !== "chunked") return to.push(piece);
      to.push(latin1Bytes(`${piece.length.toString(16)}\r\n`));
      to.push(piece);
      to.push(latin1Bytes("\r\n"));
    });
    this.#body.once("end", () => {
      to.onPressure = null;
      // Shorter or longer than it said: the reader must not take it for a whole one.
      if (typeof framing === "number" && left !== 0) {
        return to.end(new Error("the answer is not as long as it said"));
      }
      this.isDone = true;
      if (framing === "chunked") to.push(latin1Bytes(`0\r\n${fieldLines(this.#trailers)}\r\n`));
      this.#onDone();
    });
  }
}

/** Status line and fields, with the empty line behind them; `added` are whole lines. */
export function headText(headers: http2.IncomingHttpHeaders, added = ""): string {
  // HTTP/2 has no reason phrase (RFC 9113 section 8.3.2); an empty one is allowed.
  return `HTTP/1.1 ${headers[":status"]} \r\n${fieldLines(answerHead(headers))}${added}\r\n`;
}

function fieldLines(fields: http2.OutgoingHttpHeaders): string {
  return Object.entries(fields).filter(([name]) => !name.startsWith(":")).flatMap(
    ([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}\r\n`),
  ).join("");
}
