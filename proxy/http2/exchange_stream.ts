/**
 * One HTTP/2 stream (RFC 9113): a request of the client and the answer of the server, streamed both
 * ways with the flow control of each side holding back the other.
 *
 * A request or answer that broke off is never passed on as a whole one: it ends with RST_STREAM.
 *
 * @module
 */
import { malformed, Refusal, unreachable } from "../fail_closed.ts";
import type { Forward, OutgoingHead } from "../forward.ts";
import type { RequestHead } from "../http1/message_head.ts";
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
}

/** How long a server that has answered may take to read the rest of the request. */
const UNREAD_MS = 30_000;

type AskOptions = Pick<StreamOptions, "upstreams" | "onRefusal">;

interface Answer {
  readonly call: Http2Stream;
  /** The final one. */
  readonly head: ReceivedHead;
  readonly status: number;
}

/** Serves a stream to its end; never rejects. */
export async function exchangeStream(
  stream: Http2Stream,
  { upstreams, decide, onRefusal }: StreamOptions,
): Promise<void> {
  let [isCall, isHead] = [false, false];
  try {
    const { fields, isTooLarge } = await stream.readHead();
    // Reset in the same breath: nothing was asked for.
    if (stream.hasEnded) return;
    if (isTooLarge) throw headTooLarge();
    isHead = fields.some(([name, value]) => name === ":method" && value === "HEAD");
    isCall = fields.some(([name, value]) =>
      name === "content-type" && value.startsWith("application/grpc")
    );
    const body = new StreamBody(stream);
    const forward = await decide(readStreamHead(fields, { hasBody: !body.isEmpty }));
    if (forward.replaceCredential !== undefined) body.keep();
    await relayAnswer(stream, await askServer(stream, body, forward, { upstreams, onRefusal }));
  } catch (error) {
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
      const head = await replaceCredential(new Date()).catch((error) => {
        call.reset(ErrorCode.CANCEL);
        throw error;
      });
      if (head !== null) {
        call.reset(ErrorCode.CANCEL);
        answer = await askWilling(stream, body, forward, head, options);
      }
    }
    onAnswer?.(answer.status);
    return answer;
  } catch (error) {
    onAnswer?.(null);
    throw error;
  }
}

/** Once more where the server says that it did nothing (RFC 9113 section 8.7), as when it goes away. */
async function askWilling(
  stream: Http2Stream,
  body: StreamBody,
  forward: Forward,
  head: OutgoingHead,
  options: AskOptions,
): Promise<Answer> {
  const mayRepeat = body.isUntouched || body.canReplay;
  try {
    return await askOnce(stream, body, forward, head, options);
  } catch (error) {
    const isRefused = error instanceof StreamFailure && error.code === ErrorCode.REFUSED_STREAM;
    if (!isRefused || !mayRepeat || !(body.isUntouched || body.canReplay)) throw error;
    return await askOnce(stream, body, forward, head, options);
  }
}

async function askOnce(
  stream: Http2Stream,
  body: StreamBody,
  forward: Forward,
  head: OutgoingHead,
  { upstreams, onRefusal }: AskOptions,
): Promise<Answer> {
  const isReplay = body.isSent && !body.isEmpty;
  const call = await upstreams.ask(stream, forward, {
    fields: writeStreamHead(head),
    endStream: body.isEmpty,
  });
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
    if (progress.refusal !== undefined) throw progress.refusal;
    if (stream.hasEnded || !(error instanceof StreamFailure) || error.by === "peer") throw error;
    if (error.by === "us") throw malformed("response", "it breaks the rules of HTTP/2");
    throw unreachable(forward.authority, new Error("the server broke off"));
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
