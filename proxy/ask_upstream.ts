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
import { DROPPED_FROM_ANSWERS, endToEndLines } from "./hop_by_hop.ts";
import { type ByteReader, EndOfStream, latin1Bytes } from "./http1/byte_reader.ts";
import { parseResponseHead, type RequestHead, type ResponseHead } from "./http1/message_head.ts";
import { writeHead } from "./http1/write_head.ts";
import type { RequestBody } from "./request_body.ts";
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
 * The answer's head; interim answers (1xx) are passed to the client on the way.
 *
 * @throws {Refusal} 502 or 504 when the server cannot be reached or breaks off.
 */
export async function askUpstream(question: Question): Promise<Answer> {
  const { forward, body } = question;
  try {
    let answer = await askOnce(question, forward.head, false);
    const mayRefresh = answer.response.status === 401 && body.canReplay;
    if (mayRefresh && forward.replaceCredential !== undefined) {
      const head = await forward.replaceCredential();
      if (head !== null) {
        answer.upstream.close();
        answer = await askOnce(question, head, true);
      }
    }
    forward.onAnswer?.(answer.response.status);
    return answer;
  } catch (error) {
    forward.onAnswer?.(null);
    throw error;
  }
}

async function askOnce(
  question: Question,
  head: OutgoingHead,
  isReplay: boolean,
): Promise<Answer> {
  const { forward, pool, body, reader, request, isUpgrade } = question;
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
      return { upstream, response: await converse(question, upstream, head, isReplay) };
    } catch (error) {
      reader.onActivity = null;
      upstream?.close();
      const isStale = pooled?.reader.totalBytes === before && pooled !== undefined &&
        body.isEmpty && IDEMPOTENT.has(request.method);
      if (isStale && !reader.isDead) continue;
      throw unreachable(forward.authority, error);
    }
  }
}

async function converse(
  { request, body, client, reader, isUpgrade }: Question,
  upstream: Upstream,
  head: OutgoingHead,
  isReplay: boolean,
): Promise<ResponseHead> {
  const text = writeHead(head.startLine, head.headers, ...connectionLines(request, isUpgrade));
  /** From here on a client that leaves ends the work of the server too. */
  const watchClient = () => {
    // A name of its own: V8 puts a function that is written behind `x.y =` among the old objects, where
    // it keeps its whole request alive until the next large collection.
    const onActivity = () => {
      if (hasLeft(request, reader)) upstream.close();
    };
    reader.onActivity = onActivity;
    if (reader.buffered === 0) void reader.readAhead();
  };
  if (isReplay) await body.replay(upstream.connection, text);
  else {
    await body.start(upstream.connection, text, (error) => {
      // A server that takes no more may have answered already: that answer is still read.
      if (!reader.isDead && !(error instanceof Refusal)) return;
      upstream.reader.poison(error);
      upstream.close();
    });
  }
  if (body.isEmpty || isReplay) watchClient();
  else void body.settled().then(() => body.isSent ? watchClient() : undefined);
  for (;;) {
    const answer = await upstream.reader.readHead("response");
    if (answer === null) throw new EndOfStream();
    const response = parseResponseHead(answer, request.method);
    if (response.status === 101 && !isUpgrade) {
      throw unreachable(upstream.key, new Error("it switched protocols without being asked"));
    }
    if (response.status >= 200 || response.status === 101) return response;
    if (isReplay) continue;
    const lines = endToEndLines(response, DROPPED_FROM_ANSWERS);
    await writeAll(client, latin1Bytes(writeHead(response.statusLine, lines)));
  }
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
