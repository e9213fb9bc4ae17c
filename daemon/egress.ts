/**
 * `fetch` for the confined daemon: every request to a provider goes through the egress relay, with
 * TLS end to end.
 *
 * Plugs in wherever a `fetch` is taken (`customFetch` of oauth4webapi). Narrower than the real one on
 * purpose: https only, HTTP/1.1, one connection per request, redirects handed back and never
 * followed (the next hop would get the secret), bodies bounded in size and all of it in time.
 *
 * @module
 */
import { EndpointUnreachableError } from "../core/errors.ts";
import { portOf } from "../core/url_port.ts";
import type { EarlyConnection } from "./broker/broker.ts";
import { openTunnel, type RelayAddress, unreachable } from "./egress/open_tunnel.ts";
import { type Answer, readAnswer } from "./egress/read_answer.ts";
import { serializeRequest } from "./egress/serialize_request.ts";

/** Bounds and trust. */
export interface EgressOptions {
  /** Extra trust anchors, PEM. */
  readonly extraRoots?: readonly string[];
  /** For the whole exchange. */
  readonly timeoutMs?: number;
  /** Of a response body. */
  readonly maxBodyBytes?: number;
  /** Awaited before each connection: until then the relay would refuse it. */
  readonly ready?: () => Promise<void>;
}

const TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 1 << 20;
/** Of a request body: token requests are small. */
const MAX_REQUEST_BYTES = 1 << 20;

/** The way out: a `fetch`, and connections that are made before they are needed. */
export interface Egress {
  readonly fetch: typeof fetch;
  readonly connectEarly: (url: string) => EarlyConnection;
}

/**
 * A `fetch` through `relay`. It rejects with {@linkcode EndpointUnreachableError} (naming the origin
 * and the kind of failure, never a path, a query or a byte of the answer), or with the reason of the
 * caller's signal.
 */
export function tunnelFetch(relay: RelayAddress, options: EgressOptions = {}): typeof fetch {
  return openEgress(relay, options).fetch;
}

/** The way out through `relay`; its `fetch` is the one of {@linkcode tunnelFetch}. */
export function openEgress(relay: RelayAddress, options: EgressOptions = {}): Egress {
  const { extraRoots = [], timeoutMs = TIMEOUT_MS, maxBodyBytes = MAX_BODY_BYTES, ready } = options;
  const dial: Dial = async (url, signal, onAsked) => {
    if (ready !== undefined) await unlessAborted(ready(), signal);
    return await openTunnel(relay, url.hostname, portOf(url), { extraRoots, signal, onAsked });
  };
  const through = (dial: Dial): typeof fetch => (input, init) =>
    send(new Request(input, init), dial, { timeoutMs, maxBodyBytes });
  return {
    fetch: through(dial),
    connectEarly: (url) => connectEarly(new URL(url), dial, through),
  };
}

/** Waits for the promise, or throws the signal's reason as soon as that aborts. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

type Dial = (url: URL, signal: AbortSignal, onAsked: () => void) => Promise<Deno.TlsConn>;

function connectEarly(
  { origin, href }: URL,
  dial: Dial,
  through: (dial: Dial) => typeof fetch,
): EarlyConnection {
  const unused = new AbortController();
  const begun = Promise.withResolvers<void>();
  let early: Promise<Deno.TlsConn> | null = dial(new URL(href), unused.signal, begun.resolve);
  // Told to whoever takes it.
  early.catch(() => begun.resolve());
  return {
    begun: begun.promise,
    fetch: through(async (url, signal, onAsked) => {
      if (early === null || url.origin !== origin) return await dial(url, signal, onAsked);
      const taken = early;
      early = null;
      const abort = () => unused.abort(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      try {
        return await taken;
      } finally {
        signal.removeEventListener("abort", abort);
      }
    }),
    [Symbol.dispose](): void {
      if (early === null) return;
      unused.abort();
      early.then(closeQuietly, () => {});
    },
  };
}

interface Bounds {
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** One request, bounded in time. */
async function send(
  request: Request,
  dial: Dial,
  { timeoutMs, maxBodyBytes }: Bounds,
): Promise<Response> {
  const url = new URL(request.url);
  if (url.protocol !== "https:") throw unreachable(url.origin, "it is not https");
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), timeoutMs);
  const signal = AbortSignal.any([request.signal, patience.signal]);
  try {
    return await exchange(request, url, dial, maxBodyBytes, signal);
  } catch (cause) {
    request.signal.throwIfAborted();
    if (patience.signal.aborted) {
      throw unreachable(url.origin, "it did not answer in time", {
        hint: "Check the network, then try again",
      });
    }
    if (cause instanceof EndpointUnreachableError) throw cause;
    throw unreachable(url.origin, "its answer is not whole or not HTTP", { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(
  request: Request,
  url: URL,
  dial: Dial,
  maxBodyBytes: number,
  signal: AbortSignal,
): Promise<Response> {
  // Not by way of `request.body`: that makes a stream of it.
  const body = await request.bytes();
  if (body.length > MAX_REQUEST_BYTES) {
    throw new RangeError(`a request body has at most ${MAX_REQUEST_BYTES} bytes`);
  }
  const bytes = serializeRequest(request, url, body.length === 0 ? null : body);
  const tls = await dial(url, signal, () => {});
  const abort = () => closeQuietly(tls);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  // Beside the reading: a server may answer before it has read the request. Where the writing fails
  // without an answer, the reading fails as well.
  const sent = writeAll(tls, bytes).catch(() => {});
  try {
    const answer = await readAnswer(tls, { method: request.method, maxBodyBytes });
    return toResponse(answer, request, url);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw unreachable(url.origin, `its answer is larger than ${maxBodyBytes} bytes`);
  } finally {
    signal.removeEventListener("abort", abort);
    closeQuietly(tls);
    await sent;
  }
}

async function writeAll(conn: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  for (let n = 0; n < bytes.length;) n += await conn.write(bytes.subarray(n));
}

function toResponse(
  { status, reason, fields, body }: Answer,
  request: Request,
  url: URL,
): Response {
  if (request.redirect === "error" && status >= 300 && status < 400 && status !== 304) {
    throw unreachable(url.origin, "it answered with a redirect");
  }
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    throw unreachable(url.origin, "it compressed its answer although asked not to");
  }
  const empty = [204, 205, 304].includes(status);
  const response = new Response(empty ? null : body, { status, statusText: reason, headers });
  // Callers compare it with what they asked for; a constructed Response has none.
  Object.defineProperty(response, "url", { value: request.url });
  return response;
}

function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // Closed by an abort.
  }
}
