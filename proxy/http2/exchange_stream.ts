/**
 * One HTTP/2 stream (RFC 9113): a request of the client and the answer of the server, streamed both
 * ways with the flow control of each side holding back the other.
 *
 * A request or answer that broke off is never passed on as a whole one: it ends with RST_STREAM.
 *
 * @module
 */
import { Refusal } from "../fail_closed.ts";
import type { TellFault } from "../fault_teller.ts";
import type { Forward } from "../forward.ts";
import type { RequestHead } from "../http1/message_head.ts";
import { NoHttp2 } from "../http2_connector.ts";
import { type Answer, askServer } from "./ask_server.ts";
import { StreamFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { refuseStream } from "./refuse_stream.ts";
import { StreamBody } from "./stream_body.ts";
import { answerHead, readStreamHead, trailerFields } from "./stream_head.ts";
import type { UpstreamSessions } from "./upstream_sessions.ts";

/** How to serve the streams of one connection. */
export interface StreamOptions {
  readonly upstreams: UpstreamSessions;
  /** Where a request goes; throws a {@linkcode Refusal} when it goes nowhere. */
  readonly decide: (request: RequestHead) => Forward | Promise<Forward>;
  /** Told of a request that goes nowhere. */
  readonly onRefusal: (refusal: Refusal) => void;
  /** Is given what ended a stream. */
  readonly onFault: TellFault;
  /** What is done where the server has no HTTP/2; without it, the request goes nowhere. */
  readonly downgrade?: Downgrade;
}

/** Another way to a server that speaks HTTP/1.1 only. */
export interface Downgrade {
  /** That is known of it. */
  isNeeded(): boolean;
  /** Serves the stream, of which the head alone was read, to its end. */
  serve(stream: Http2Stream, head: RequestHead): Promise<void>;
}

/** gRPC's own (PROTOCOL-HTTP2.md): gRPC-Web is another, and at home in HTTP/1.1 too. */
const GRPC = /^application\/grpc(?:[+;]|$)/i;

/** Serves a stream to its end; never rejects. */
export async function exchangeStream(
  stream: Http2Stream,
  { upstreams, decide, onRefusal, onFault, downgrade }: StreamOptions,
): Promise<void> {
  let [isCall, isHead] = [false, false];
  try {
    const { fields, isTooLarge } = await stream.readHead();
    // Reset in the same breath: nothing was asked for.
    if (stream.hasEnded) return;
    if (isTooLarge) throw headTooLarge();
    isHead = fields.some(([name, value]) => name === ":method" && value === "HEAD");
    isCall = fields.some(([name, value]) => name === "content-type" && GRPC.test(value));
    const body = new StreamBody(stream);
    const request = readStreamHead(fields, { hasBody: !body.isEmpty });
    // gRPC is HTTP/2 by definition: its library understands our refusal better than such an answer.
    const other = isCall ? undefined : downgrade;
    if (other?.isNeeded()) return await other.serve(stream, request);
    const forward = await decide(request);
    // Never without the beginning of its body: that may have gone to a session that ended.
    const goesElsewhere = (error: unknown) =>
      error instanceof NoHttp2 && other !== undefined && !body.isTaken;
    const answer = await askServer(stream, body, forward, { upstreams, onRefusal, goesElsewhere })
      .catch((error) => {
        if (goesElsewhere(error)) return null;
        throw error;
      });
    if (answer === null) return await other?.serve(stream, request);
    await relayAnswer(stream, answer);
  } catch (error) {
    onFault(error);
    if (!(error instanceof Refusal)) return stream.reset(resetCode(error, stream));
    onRefusal(error);
    refuseStream(stream, error, { isCall, isHead });
  }
}

async function relayAnswer(stream: Http2Stream, { call, head }: Answer): Promise<void> {
  stream.sendHead(answerHead(head.fields), { endStream: head.endStream });
  if (!head.endStream) {
    const { body } = call;
    for (let piece = await body.read(); piece !== null; piece = await body.read()) {
      await stream.write(piece, { endStream: body.isAtEnd });
    }
    stream.finish(trailerFields(body.trailers));
  }
  // The answer may have come before the request had ended: that goes on, unless the server says that
  // it wants no more of it (RFC 9113 section 8.1).
  await call.ended;
  stream.reset(ErrorCode.NO_ERROR);
}

/**
 * What the server said is said to the client. Behind a head NO_ERROR, too: Node's servers send it
 * instead of the end of a long answer whose request their program has not read, and most clients take
 * it for the end.
 */
function resetCode(error: unknown, stream: Http2Stream): number {
  const isTold = error instanceof StreamFailure && error.by === "peer" &&
    (error.code !== ErrorCode.NO_ERROR || stream.hasFinalAnswer);
  return isTold ? error.code : ErrorCode.INTERNAL_ERROR;
}

function headTooLarge(): Refusal {
  return new Refusal(431, "HeadTooLargeError", "Cannot read the request: its head is too large");
}
