/**
 * One HTTP/2 stream (RFC 9113): a request of the client and the answer of the server, streamed both
 * ways with the flow control of each side holding back the other.
 *
 * A request or answer that broke off is never passed on as a whole one: it ends with RST_STREAM.
 *
 * @module
 */
import http2 from "node:http2";
import { PassThrough } from "node:stream";
import { Refusal, unreachable } from "../fail_closed.ts";
import type { Forward, OutgoingHead } from "../forward.ts";
import type { RequestHead } from "../http1/message_head.ts";
import { refuseStream } from "./refuse_stream.ts";
import { answerHead, readStreamHead, trailerFields, writeStreamHead } from "./stream_head.ts";
import { StreamBody } from "./stream_body.ts";
import type { UpstreamSessions } from "./upstream_sessions.ts";

/** How to serve the streams of one connection. */
export interface StreamOptions {
  readonly upstreams: UpstreamSessions;
  /** Where a request goes; throws a {@linkcode Refusal} when it goes nowhere. */
  readonly decide: (request: RequestHead) => Forward | Promise<Forward>;
  /** Told of a request that goes nowhere. */
  readonly onRefusal: (refusal: Refusal) => void;
}

type AskOptions = Pick<StreamOptions, "upstreams" | "onRefusal">;

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants;

interface Answer {
  readonly call: http2.ClientHttp2Stream;
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  /** HEADERS is all of it. */
  readonly isWhole: boolean;
  /** Ends where the answer does; never, when that breaks off. */
  readonly body: PassThrough;
  /** Filled before the body has ended. */
  readonly trailers: http2.OutgoingHttpHeaders;
}

/** The server reset the stream before it answered. */
class ResetByServer extends Error {
  readonly code: number;

  constructor(code: number) {
    super("the server reset the stream");
    this.code = code;
  }
}

/** Serves a stream to its end; never rejects. */
export async function exchangeStream(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  hasBody: boolean,
  { upstreams, decide, onRefusal }: StreamOptions,
): Promise<void> {
  // Said to the client by RST_STREAM; the stream's end is seen below.
  stream.on("error", () => {});
  // Before anything is waited for: trailers that come with the head are told once.
  const body = new StreamBody(stream, hasBody);
  try {
    const forward = await decide(readStreamHead(headers, { hasBody }));
    if (forward.replaceCredential !== undefined) body.keep();
    relayAnswer(stream, await askServer(stream, body, forward, { upstreams, onRefusal }));
  } catch (error) {
    if (error instanceof ResetByServer) return closeStream(stream, error.code);
    if (!(error instanceof Refusal)) return closeStream(stream, NGHTTP2_INTERNAL_ERROR);
    onRefusal(error);
    const isCall = headers["content-type"]?.startsWith("application/grpc") === true;
    refuseStream(stream, error, { isCall });
  }
}

/** The answer's head; asked twice when a refreshed credential is worth trying. */
async function askServer(
  stream: http2.ServerHttp2Stream,
  body: StreamBody,
  forward: Forward,
  options: AskOptions,
): Promise<Answer> {
  const { onAnswer, replaceCredential } = forward;
  try {
    let answer = await askOnce(stream, body, forward, forward.head, options);
    if (answer.status === 401 && replaceCredential !== undefined && body.canReplay) {
      const head = await replaceCredential(new Date());
      if (head !== null) {
        answer.call.close(NGHTTP2_CANCEL);
        answer = await askOnce(stream, body, forward, head, options);
      }
    }
    onAnswer?.(answer.status);
    return answer;
  } catch (error) {
    onAnswer?.(null);
    throw error;
  }
}

async function askOnce(
  stream: http2.ServerHttp2Stream,
  body: StreamBody,
  forward: Forward,
  head: OutgoingHead,
  { upstreams, onRefusal }: AskOptions,
): Promise<Answer> {
  const session = await upstreams.get(forward);
  if (stream.destroyed) throw new ResetByServer(NGHTTP2_CANCEL);
  const call = session.request(writeStreamHead(head), {
    endStream: body.isEmpty,
    waitForTrailers: !body.isEmpty,
  });
  const stopCall = () => call.close(NGHTTP2_CANCEL);
  stream.once("close", stopCall);
  call.once("close", () => stream.off("close", stopCall));
  const isReplay = body.isSent && !body.isEmpty;
  body.sendTo(call, forward.watchBody);
  return await new Promise((resolve, reject) => {
    let failure: Error | null = null;
    let isAnswered = false;
    // Read from the beginning: when the server closes the session behind its answer, what was not
    // read by then is lost.
    const body = new PassThrough();
    call.pipe(body, { end: false });
    call.once("end", () => {
      // A reset, and a connection that broke, end the readable side too; trailers only come at the end.
      const isBroken = call.rstCode !== 0 || call.aborted || call.destroyed;
      if (!isBroken || Object.keys(trailers).length > 0) body.end();
    });
    const trailers: http2.OutgoingHttpHeaders = {};
    call.once("trailers", (fields: http2.IncomingHttpHeaders) => {
      Object.assign(trailers, trailerFields(fields));
    });
    call.on("error", (error: Error) => failure ??= error);
    call.once("close", () => {
      if (failure instanceof Refusal) {
        if (isAnswered) onRefusal(failure);
        return reject(failure);
      }
      const isReset = call.rstCode !== 0 && !session.destroyed;
      reject(
        isReset
          ? new ResetByServer(call.rstCode)
          : unreachable(forward.authority, failure ?? new Error("the server broke off")),
      );
    });
    // 1xx, 100 included: `continue` is told besides.
    call.on("headers", (more: http2.IncomingHttpHeaders) => {
      if (!isReplay) interim(stream, answerHead(more));
    });
    call.once("response", (headers: http2.IncomingHttpHeaders, flags: number) => {
      isAnswered = true;
      const isWhole = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      resolve({ call, status: Number(headers[":status"]), headers, isWhole, body, trailers });
    });
  });
}

/** 1xx; 101 has no meaning in HTTP/2 (RFC 9113 section 8.6). */
function interim(stream: http2.ServerHttp2Stream, head: http2.OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.headersSent || head[":status"] === 101) return;
  stream.additionalHeaders(head);
}

function relayAnswer(
  stream: http2.ServerHttp2Stream,
  { call, headers, isWhole, body, trailers }: Answer,
): void {
  if (stream.destroyed) return call.close(NGHTTP2_CANCEL);
  if (isWhole) {
    return stream.respond(answerHead(headers), { endStream: true });
  }
  // Also where there are none: in Deno 2.9.6 closing a stream that does not wait for trailers sends
  // END_STREAM in front of RST_STREAM, and half an answer would look like a whole one.
  stream.respond(answerHead(headers), { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    if (!stream.closed) stream.sendTrailers(trailers);
  });
  const onClose = () => {
    if (!body.writableEnded) closeStream(stream, call.rstCode || NGHTTP2_INTERNAL_ERROR);
  };
  if (call.destroyed) onClose();
  else call.once("close", onClose);
  body.pipe(stream);
}

function closeStream(stream: http2.ServerHttp2Stream, code: number): void {
  if (!stream.destroyed) stream.close(code);
}
