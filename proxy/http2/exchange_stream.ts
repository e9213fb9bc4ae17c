/**
 * One HTTP/2 stream (RFC 9113): a request of the client and the answer of the server, streamed both
 * ways with the flow control of each side holding back the other.
 *
 * A request or answer that broke off is never passed on as a whole one: it ends with RST_STREAM.
 *
 * @module
 */
import { IDEMPOTENT } from "../ask_upstream.ts";
import { malformed, Refusal, unreachable } from "../fail_closed.ts";
import type { TellFault } from "../fault_teller.ts";
import type { Forward, OutgoingHead } from "../forward.ts";
import type { RequestHead } from "../http1/message_head.ts";
import { NoHttp2 } from "../http2_connector.ts";
import { StreamFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import { refuseStream } from "./refuse_stream.ts";
import { StreamBody } from "./stream_body.ts";
import {
  answerHead,
  readStreamHead,
  statusOf,
  trailerFields,
  writeStreamHead,
} from "./stream_head.ts";
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

/** How long a server that has answered may take to read the rest of the request. */
const UNREAD_MS = 30_000;

/** gRPC's own (PROTOCOL-HTTP2.md): gRPC-Web is another, and at home in HTTP/1.1 too. */
const GRPC = /^application\/grpc(?:[+;]|$)/i;

interface AskOptions extends Pick<StreamOptions, "upstreams" | "onRefusal"> {
  /** The request goes to the server in another way, which tells what came of it. */
  readonly goesElsewhere: (error: unknown) => boolean;
}

/** What came of asking, also when it failed. */
interface Attempt {
  call: Http2Stream | null;
  /** An interim answer came, or the final one. */
  hasHead: boolean;
}

interface Answer {
  readonly call: Http2Stream;
  /** The final one. */
  readonly head: ReceivedHead;
  readonly status: number;
}

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
    if (!(error instanceof Refusal)) return stream.reset(resetCode(error));
    onRefusal(error);
    refuseStream(stream, error, { isCall, isHead });
  }
}

/** The answer's head; asked twice when a refreshed credential is worth trying. */
async function askServer(
  stream: Http2Stream,
  body: StreamBody,
  forward: Forward,
  options: AskOptions,
): Promise<Answer> {
  const { onAnswer, replaceCredential } = forward;
  try {
    let answer = await askWilling(stream, body, forward, forward.head, options);
    if (answer.status === 401 && replaceCredential !== undefined && body.canReplay) {
      const { call } = answer;
      const head = await replaceCredential().catch((error) => {
        call.reset(ErrorCode.CANCEL);
        throw error;
      });
      if (head !== null) {
        call.reset(ErrorCode.CANCEL);
        answer = await askWilling(stream, body, forward, head, options);
      }
    }
    body.release();
    onAnswer?.(answer.status);
    return answer;
  } catch (error) {
    if (!options.goesElsewhere(error)) onAnswer?.(null);
    throw error;
  }
}

/** Once more, on another session, where that is safe. */
async function askWilling(
  stream: Http2Stream,
  body: StreamBody,
  forward: Forward,
  head: OutgoingHead,
  options: AskOptions,
): Promise<Answer> {
  const attempt: Attempt = { call: null, hasHead: false };
  try {
    return await askOnce(stream, body, forward, head, options, attempt);
  } catch (error) {
    if (stream.hasEnded || !mayRepeat(error, attempt, body, head)) {
      throw inWords(error, stream, forward);
    }
  }
  const { call } = attempt;
  try {
    return await askOnce(stream, body, forward, head, options, { call, hasHead: false });
  } catch (error) {
    throw inWords(error, stream, forward);
  }
}

/**
 * The server did nothing with the request, and says so (RFC 9113 section 8.7), as when it goes away;
 * or a session that had worked before was lost without a word about a request that may come twice.
 */
function mayRepeat(
  error: unknown,
  { call, hasHead }: Attempt,
  body: StreamBody,
  { headers }: OutgoingHead,
): boolean {
  if (!(error instanceof StreamFailure) || call === null || !body.canResend) return false;
  if (error.by === "peer") return error.code === ErrorCode.REFUSED_STREAM;
  return error.by !== "us" && !hasHead && call.isOnUsed && IDEMPOTENT.has(headers.method);
}

/** How a call failed, for a client that waits for its answer. */
function inWords(error: unknown, stream: Http2Stream, { authority }: Forward): unknown {
  // A client of HTTP/2 understands a reset as well as we do: REFUSED_STREAM it may send again.
  if (stream.hasEnded || !(error instanceof StreamFailure) || error.by === "peer") return error;
  if (error.by === "us") return malformed("response", "it breaks the rules of HTTP/2");
  const how = error.by === "silence" ? error.message : "the server broke off";
  return unreachable(authority, new Error(how));
}

async function askOnce(
  stream: Http2Stream,
  body: StreamBody,
  forward: Forward,
  head: OutgoingHead,
  { upstreams, onRefusal }: AskOptions,
  attempt: Attempt,
): Promise<Answer> {
  const isReplay = body.isBegun;
  const call = await upstreams.ask(stream, forward, {
    fields: writeStreamHead(head),
    endStream: body.isEmpty,
    insteadOf: attempt.call,
  });
  attempt.call = call;
  // Also when it had left before.
  void stream.ended.then(() => endCall(call, stream));
  const progress: { isAnswered: boolean; refusal?: Refusal } = { isAnswered: false };
  void body.sendTo(call, forward.watchBody, (refusal) => {
    progress.refusal = refusal;
    if (progress.isAnswered) onRefusal(refusal);
  });
  try {
    for (;;) {
      const answer = await call.readHead();
      attempt.hasHead = true;
      const status = statusOf(answer.fields);
      if (status >= 200) {
        progress.isAnswered = true;
        return { call, head: answer, status };
      }
      // 101 has no meaning in HTTP/2 (RFC 9113 section 8.6).
      // A client that does not read them holds back the server that sends more and more of them.
      if (!isReplay && status !== 101) await stream.sendInterimHead(answerHead(answer.fields));
    }
  } catch (error) {
    throw progress.refusal ?? error;
  }
}

/** The client's stream has ended. */
function endCall(call: Http2Stream, stream: Http2Stream): void {
  if (call.hasEnded) return;
  if (!stream.isWhole) return call.reset(ErrorCode.CANCEL);
  // All was said on both sides, and the server, which answered early, has not read all of it yet.
  const timer = setTimeout(() => call.reset(ErrorCode.CANCEL), UNREAD_MS);
  void call.ended.then(() => clearTimeout(timer));
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

function resetCode(error: unknown): number {
  const isTold = error instanceof StreamFailure && error.by === "peer" &&
    error.code !== ErrorCode.NO_ERROR;
  return isTold ? error.code : ErrorCode.INTERNAL_ERROR;
}

function headTooLarge(): Refusal {
  return new Refusal(431, "HeadTooLargeError", "Cannot read the request: its head is too large");
}
