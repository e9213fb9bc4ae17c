/**
 * Sends one request to a server and waits for the head of its answer: on a pooled connection or a
 * fresh one, once more when a pooled one turns out to be dead, once more when a refreshed credential
 * is worth trying.
 *
 * @module
 */
import { type Duplex, writeAll } from "./duplex.ts";
import { Refusal, unreachable } from "./fail_closed.ts";
import type { Forward, OutgoingHead } from "./forward.ts";
import { answerLines } from "./hop_by_hop.ts";
import { type ByteReader, EndOfStream } from "./http1/byte_reader.ts";
import { latin1Bytes } from "./http1/latin1.ts";
import { parseResponseHead, type RequestHead, type ResponseHead } from "./http1/message_head.ts";
import { writeHead } from "./http1/write_head.ts";
import type { RequestBody } from "./request_body.ts";
import type { SenderWatch } from "./sender_watch.ts";
import { watchUpload } from "./upload_watch.ts";
import type { Upstream, UpstreamPool } from "./upstream_pool.ts";

/** A request and everything needed to send it. */
export interface Question {
  readonly request: RequestHead;
  readonly forward: Forward;
  readonly body: RequestBody;
  readonly client: Duplex;
  /** Reader of the client's connection; tells when the client leaves. */
  readonly reader: ByteReader;
  readonly pool: UpstreamPool;
  /** Notices who leaves while nobody takes what it sends. */
  readonly senders: SenderWatch | undefined;
  /** `Upgrade` is asked for; such a connection is never shared. */
  readonly isUpgrade: boolean;
}

/** A server that has begun to answer. */
export interface Answer {
  readonly upstream: Upstream;
  readonly response: ResponseHead;
}

/** Methods that may be sent again without asking (RFC 9110 section 9.2.2). */
export const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const MAX_STALE_CONNECTIONS = 2;

/**
 * The answer's head; interim answers (1xx) are passed to the client on the way. `head` and `isReplay`
 * are of a request that is sent again, from memory.
 *
 * @throws {Refusal} 502 or 504 when the server cannot be reached or breaks off.
 */
export async function askUpstream(
  question: Question,
  head: OutgoingHead = question.forward.head,
  isReplay = false,
): Promise<Answer> {
  const { request, forward, pool, body, client, reader, isUpgrade } = question;
  for (let attempt = 0;; attempt++) {
    const mustBeNew = isUpgrade || attempt > MAX_STALE_CONNECTIONS;
    let pooled = mustBeNew ? undefined : pool.take(forward.key);
    // Of a pooled connection: a byte more than this is the beginning of an answer.
    let before = pooled?.reader.totalBytes;
    let upstream: Upstream | undefined;
    try {
      if (pooled === undefined) {
        const opened = await pool.open(forward, { mustBeNew });
        upstream = opened.upstream;
        if (opened.isReused) pooled = upstream;
        before = pooled?.reader.totalBytes;
      } else upstream = pooled;
      const text = writeHead(head.startLine, head.headers, connectionLines(request, isUpgrade));
      if (isReplay) await body.replay(upstream.connection, text);
      else if (body.isEmpty) await writeAll(upstream.connection, latin1Bytes(text));
      else startBody(question, upstream, text);
      if (isReplay || body.isEmpty) watchClient(question, upstream);
      let answer = upstream.reader.takeHead("response");
      while (answer === undefined) {
        await upstream.reader.readAhead();
        answer = upstream.reader.takeHead("response");
      }
      let response = parseAnswer(answer, question);
      while (response.status < 200 && response.status !== 101) {
        if (!isReplay) await writeAll(client, interimAnswer(response));
        response = parseAnswer(await upstream.reader.readHead("response"), question);
      }
      return { upstream, response };
    } catch (error) {
      reader.onActivity = null;
      upstream?.close();
      const isStale = pooled?.reader.totalBytes === before && pooled !== undefined &&
        body.isEmpty && IDEMPOTENT.has(request.method);
      if (isStale && !reader.isDead) continue;
      forward.onAnswer?.(null);
      throw unreachable(forward.authority, error);
    }
  }
}

/**
 * What the server says to a fresh credential, when it has refused the one that it was sent and there is
 * another; else what it said.
 *
 * @throws {Refusal} as {@linkcode askUpstream} does.
 */
export async function askAgain(question: Question, refused: Answer): Promise<Answer> {
  const { forward, body } = question;
  if (!body.canReplay) return refused;
  let head: OutgoingHead | null | undefined;
  try {
    head = await forward.replaceCredential?.();
  } catch (error) {
    forward.onAnswer?.(null);
    throw error;
  }
  if (head === null || head === undefined) return refused;
  refused.upstream.close();
  return await askUpstream(question, head, true);
}

/** In the background: an answer may come before the body has ended. */
function startBody(question: Question, upstream: Upstream, head: string): void {
  const { body, client, reader, forward, senders } = question;
  const end = (error: unknown) => {
    upstream.reader.poison(error);
    upstream.close();
  };
  body.start(upstream.connection, head, (error) => {
    // A server that takes no more may have answered already: that answer is still read.
    if (!reader.isDead && !(error instanceof Refusal)) return;
    end(error);
  });
  const unwatch = senders === undefined
    ? undefined
    : watchUpload(senders, { client, reader, upstream, forward }, end);
  void body.settled().then(() => {
    unwatch?.();
    if (body.isSent) watchClient(question, upstream);
  });
}

/** From here on a client that leaves ends the work of the server too. */
function watchClient({ request, reader }: Question, upstream: Upstream): void {
  // A name of its own: V8 puts a function that is written behind `x.y =` among the old objects, where
  // it keeps its whole request alive until the next large collection.
  const onActivity = () => {
    if (hasLeft(request, reader)) upstream.close();
  };
  reader.onActivity = onActivity;
  if (reader.buffered === 0) void reader.readAhead();
}

function parseAnswer(
  text: string | null,
  { request, forward, isUpgrade }: Question,
): ResponseHead {
  if (text === null) throw new EndOfStream();
  const response = parseResponseHead(text, request.method);
  if (response.status === 101 && !isUpgrade) {
    throw unreachable(forward.key, new Error("it switched protocols without being asked"));
  }
  return response;
}

function interimAnswer(response: ResponseHead): Uint8Array {
  const lines = answerLines(response);
  return latin1Bytes(writeHead(response.statusLine, lines));
}

/**
 * A client that ends its half is gone, as servers see it too (nginx, Go). Unless it had said that this
 * request is its last one: then it has nothing more to say, and waits for the answer.
 */
function hasLeft({ isHttp11, connection }: RequestHead, reader: ByteReader): boolean {
  if (reader.isBroken) return true;
  return reader.isDead && isHttp11 && !connection.has("close");
}

function connectionLines(request: RequestHead, isUpgrade: boolean): string[] {
  if (isUpgrade) return ["Connection: Upgrade"];
  return request.isHttp11 ? [] : ["Connection: close"];
}
