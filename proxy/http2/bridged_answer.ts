/**
 * The answer of an HTTP/2 server as an HTTP/1.1 message: with a length where the server gave one, in
 * chunks otherwise, trailers behind them.
 *
 * An answer that broke off is never passed on as a whole one. Of one without a length that its server
 * resets with NO_ERROR that is not said: Node's servers do so instead of ending a long one, when their
 * program has not read the request.
 *
 * @module
 */
import { isBodiless, isOfBody } from "../hop_by_hop.ts";
import { latin1Bytes } from "../http1/latin1.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { StreamFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import { answerHead, statusOf, trailerFields } from "./stream_head.ts";

/** How the answer's end is told to an HTTP/1.1 reader. */
type AnswerFraming =
  /** There is no body, whatever the head says. */
  | "none"
  /** By the length in the head; the stream has made sure that it is right. */
  | "length"
  | "chunked"
  /** There is no body, and the head has to say so. */
  | "empty";

const ADDED: Readonly<Record<AnswerFraming, string>> = {
  none: "",
  length: "",
  chunked: "transfer-encoding: chunked\r\n",
  empty: "content-length: 0\r\n",
};

/**
 * Passes the answer of `call` on, whose final head is `head`; a slow reader holds the server back.
 *
 * @throws {StreamFailure} when it broke off, or is longer than it may be.
 */
export async function bridgeAnswer(
  call: Http2Stream,
  head: ReceivedHead,
  method: string,
  to: ByteQueue,
): Promise<void> {
  const framing = framingOf(head, method);
  await to.push(latin1Bytes(headText(head.fields, ADDED[framing])));
  const next = framing === "chunked" ? () => readToReset(call) : () => call.body.read();
  for (let piece = await next(); piece !== null; piece = await next()) {
    if (framing === "length") await to.push(piece);
    else await to.push(latin1Bytes(`${piece.length.toString(16)}\r\n`), piece, latin1Bytes("\r\n"));
  }
  if (framing !== "chunked") return;
  await to.push(latin1Bytes(`0\r\n${fieldLines(trailerFields(call.body.trailers))}\r\n`));
}

/** The next piece of the body; NO_ERROR is its end, as for curl, Node and hyper. */
async function readToReset({ body }: Http2Stream): Promise<Uint8Array | null> {
  try {
    return await body.read();
  } catch (error) {
    const isEnd = error instanceof StreamFailure && error.by === "peer" &&
      error.code === ErrorCode.NO_ERROR;
    if (isEnd) return null;
    throw error;
  }
}

/**
 * The final head of the answer; interim ones are passed on.
 *
 * @throws {StreamFailure} when the stream ends first.
 */
export async function finalHead(call: Http2Stream, to: ByteQueue): Promise<ReceivedHead> {
  for (;;) {
    const head = await call.readHead();
    const status = statusOf(head.fields);
    if (status >= 200) return head;
    // 101 has no meaning in HTTP/2 (RFC 9113 section 8.6).
    if (status !== 101) await to.push(latin1Bytes(headText(head.fields)));
  }
}

function framingOf({ fields, endStream }: ReceivedHead, method: string): AnswerFraming {
  const status = statusOf(fields);
  if (method === "HEAD" || status === 204 || status === 304) return "none";
  if (fields.some(([name]) => name === "content-length")) return "length";
  return endStream ? "empty" : "chunked";
}

/** Status line and fields, with the empty line behind them; `added` are whole lines. */
function headText(fields: readonly FieldLine[], added = ""): string {
  // HTTP/2 has no reason phrase (RFC 9113 section 8.3.2); an empty one is allowed.
  const status = statusOf(fields);
  const head = answerHead(fields);
  const shown = isBodiless(status) ? head.filter(([name]) => !isOfBody(name)) : head;
  return `HTTP/1.1 ${status} \r\n${fieldLines(shown)}${added}\r\n`;
}

/** Fields as lines; the status is in front of them. */
export function fieldLines(fields: readonly FieldLine[]): string {
  return fields.map(([name, value]) => name.startsWith(":") ? "" : `${name}: ${value}\r\n`).join(
    "",
  );
}
