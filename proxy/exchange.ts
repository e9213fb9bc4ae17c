/**
 * One request and its answer, step by step:
 *
 * 1. read the request's head, strictly;
 * 2. decide: where it goes, with which credential, or that it goes nowhere;
 * 3. ask the server, the body streaming;
 * 4. relay the answer as it comes, or switch protocols;
 * 5. keep both connections for the next one, or close.
 *
 * New behaviour becomes a step in a file of its own, or an injection.
 *
 * @module
 */
import { type Answer, askAgain, askUpstream, type Question } from "./ask_upstream.ts";
import { closeQuietly, cutOff, type Duplex, writeAll } from "./duplex.ts";
import { Refusal, refusalAnswer } from "./fail_closed.ts";
import type { TellFault } from "./fault_teller.ts";
import type { Forward } from "./forward.ts";
import { answerLines, isUpgrade } from "./hop_by_hop.ts";
import { ByteReader } from "./http1/byte_reader.ts";
import { copyBody } from "./http1/copy_body.ts";
import { latin1Bytes } from "./http1/latin1.ts";
import { parseRequestHead, type RequestHead } from "./http1/message_head.ts";
import { headLength, writeHead } from "./http1/write_head.ts";
import { RequestBody } from "./request_body.ts";
import type { SenderWatch } from "./sender_watch.ts";
import { tunnel } from "./tunnel.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

/** How to serve the requests of one connection. */
export interface ExchangeOptions {
  readonly pool: UpstreamPool;
  /** Notices who leaves while nobody takes what it sends. */
  readonly senders?: SenderWatch | undefined;
  /** Where a request goes; throws a {@linkcode Refusal} when it goes nowhere. */
  readonly decide: (request: RequestHead) => Forward | Promise<Forward>;
  /** Told of a request that goes nowhere; null when its head could not be read. */
  readonly onRefusal?: (refusal: Refusal, request: RequestHead | null) => void;
  /** Is given what else ended the connection. */
  readonly onFault: TellFault;
  /** Bytes of the connection that were read before. */
  readonly first?: Uint8Array;
}

/** Time and bytes that a client gets to notice an answer that came before its request had ended. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/** Serves request after request until the connection ends; never rejects. */
export async function serveExchanges(client: Duplex, options: ExchangeOptions): Promise<void> {
  const reader = new ByteReader(client, options.first);
  try {
    while (await exchange(client, reader, options) === "keep");
  } catch (error) {
    // The client left or the server broke off in the middle: how the connection ends says it.
    options.onFault(error);
    cutOff(client);
  } finally {
    reader.onActivity = null;
    closeQuietly(client);
  }
}

async function exchange(
  client: Duplex,
  reader: ByteReader,
  { pool, senders, decide, onRefusal, onFault }: ExchangeOptions,
): Promise<"keep" | "close"> {
  reader.expectHead();
  let request: RequestHead | null = null;
  try {
    let text = reader.takeHead("request");
    while (text === undefined) {
      await reader.readAhead();
      text = reader.takeHead("request");
    }
    if (text === null) return "close";
    request = parseRequestHead(text);
    const deciding = decide(request);
    // Most are decided at once, and a turn of the event loop is as long as the deciding.
    const forward = deciding instanceof Promise ? await deciding : deciding;
    const body = new RequestBody(reader, request.framing, {
      keep: forward.replaceCredential !== undefined,
      watch: forward.watchBody,
    });
    const question = {
      request,
      forward,
      body,
      client,
      reader,
      pool,
      senders,
      isUpgrade: isUpgrade(request),
    };
    let answer = await askUpstream(question);
    if (answer.response.status === 401) answer = await askAgain(question, answer);
    const { status } = answer.response;
    forward.onAnswer?.(status);
    return status === 101
      ? await switchProtocols(question, answer)
      : await relayAnswer(question, answer, onRefusal);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    onRefusal?.(error, request);
    if (error.cause !== undefined) onFault(error);
    if (reader.isDead && reader.buffered === 0) return "close";
    await writeAll(client, refusalAnswer(error, { head: request?.method === "HEAD" }));
    return await linger(client, reader);
  }
}

async function switchProtocols(
  { client, reader, senders }: Question,
  { upstream, response }: Answer,
): Promise<"close"> {
  reader.onActivity = null;
  const lines = answerLines(response);
  try {
    const text = writeHead(response.statusLine, lines, ["Connection: Upgrade"]);
    await writeAll(client, latin1Bytes(text));
    await tunnel(
      { connection: client, reader },
      { connection: upstream.connection, reader: upstream.reader },
      senders,
    );
  } finally {
    upstream.close();
  }
  return "close";
}

async function relayAnswer(
  { request, body, client, reader, pool }: Question,
  { upstream, response }: Answer,
  onRefusal: ExchangeOptions["onRefusal"],
): Promise<"keep" | "close"> {
  const ends = response.framing.kind === "until_close";
  // An answer to half a request is the last one on its connection: what is still coming belongs to
  // nobody, and without a 100 nothing may come at all. The client is told, or its next request could
  // meet the end.
  if (!body.isSent) await settledSoon(body);
  const keepsClient = body.isSent && !ends && request.isHttp11 && !request.connection.has("close");
  const keepsUpstream = !ends &&
    (response.isHttp11 ? !response.connection.has("close") : response.connection.has("keep-alive"));
  const lines = answerLines(response);
  const added = keepsClient ? [] : ["Connection: close"];
  // Lines are only ever left out or added: as many bytes as came are the bytes that came.
  const isUnchanged = keepsClient &&
    headLength(response.statusLine, lines) === upstream.reader.start - upstream.reader.headStart;
  try {
    await copyBody(upstream.reader, client, response.framing, {
      side: "response",
      head: isUnchanged ? null : writeHead(response.statusLine, lines, added),
    });
  } catch (error) {
    upstream.close();
    // Never a clean end for a truncated body: without a close_notify the client sees that it broke.
    if (!(error instanceof Refusal)) throw error;
    // Of the answer, or of a request that went on behind its answer's beginning.
    onRefusal?.(error, request);
    throw new Error(error.message);
  }
  reader.onActivity = null;
  if (!body.isSent) {
    // Answered before the request had ended: what is still coming belongs to nobody.
    upstream.close();
    return await linger(client, reader, body);
  }
  if (keepsUpstream) pool.give(upstream);
  else upstream.close();
  if (keepsClient) return "keep";
  await client.closeWrite().catch(() => {});
  return "close";
}

/** Whose last piece was just sent is settled within a turn of the event loop. */
async function settledSoon(body: RequestBody): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const turn = setTimeout(resolve);
  await Promise.race([body.settled(), promise]);
  clearTimeout(turn);
}

/**
 * Says that nothing more comes, and takes what the client still sends for a moment: closing at once
 * would reset the connection, and the client might lose the answer with it (RFC 9112 section 9.6).
 */
async function linger(client: Duplex, reader: ByteReader, body?: RequestBody): Promise<"close"> {
  const timer = setTimeout(() => closeQuietly(client), LINGER_MS);
  try {
    await Promise.race([client.closeWrite().catch(() => {}), body?.settled()].filter(Boolean));
    await body?.settled();
    for (let taken = 0; taken < LINGER_BYTES;) {
      taken += reader.buffered;
      reader.start = reader.end;
      await reader.fill();
    }
  } catch {
    // It has ended, which is what we waited for.
  } finally {
    clearTimeout(timer);
  }
  return "close";
}
