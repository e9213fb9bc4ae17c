/**
 * Asks a server of HTTP/2 on behalf of one stream, until the head of its answer: once more on another
 * session where that is safe, once more when a refreshed credential is worth trying. Interim answers
 * (1xx) are passed to the client on the way.
 *
 * @module
 */
import { IDEMPOTENT } from "../ask_upstream.ts";
import { malformed, type Refusal, unreachable } from "../fail_closed.ts";
import type { Forward, OutgoingHead } from "../forward.ts";
import { StreamFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import type { StreamBody } from "./stream_body.ts";
import { answerHead, statusOf, writeStreamHead } from "./stream_head.ts";
import type { UpstreamSessions } from "./upstream_sessions.ts";

/** How long a server that has answered may take to read the rest of the request. */
const UNREAD_MS = 30_000;

/** What asking takes besides the request. */
export interface AskOptions {
  readonly upstreams: UpstreamSessions;
  /** Told of a body that may not go on, behind the answer to it. */
  readonly onRefusal: (refusal: Refusal) => void;
  /** The request goes to the server in another way, which tells what came of it. */
  readonly goesElsewhere: (error: unknown) => boolean;
}

/** What came of asking, also when it failed. */
interface Attempt {
  call: Http2Stream | null;
  /** An interim answer came, or the final one. */
  hasHead: boolean;
}

/** A server that has begun to answer. */
export interface Answer {
  readonly call: Http2Stream;
  /** The final one. */
  readonly head: ReceivedHead;
  readonly status: number;
}

/**
 * The answer's head; asked twice when a refreshed credential is worth trying.
 *
 * @throws {Refusal} when the server cannot be reached or breaks off, or the body may not go on.
 * @throws {StreamFailure} when the server resets the call, or the client has left.
 */
export async function askServer(
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
