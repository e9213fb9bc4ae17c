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
}

const TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 1 << 20;
/** Of a request body: token requests are small. */
const MAX_REQUEST_BYTES = 1 << 20;

/**
 * A `fetch` through `relay`. It rejects with {@linkcode EndpointUnreachableError} (naming the origin
 * and the kind of failure, never a path, a query or a byte of the answer), or with the reason of the
 * caller's signal.
 */
export function tunnelFetch(relay: RelayAddress, options: EgressOptions = {}): typeof fetch {
  const { extraRoots = [], timeoutMs = TIMEOUT_MS, maxBodyBytes = MAX_BODY_BYTES } = options;
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.protocol !== "https:") throw unreachable(url.origin, "it is not https");
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), timeoutMs);
    const signal = AbortSignal.any([request.signal, patience.signal]);
    try {
      return await exchange(relay, request, url, { extraRoots, maxBodyBytes, signal });
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
  };
}

interface ExchangeOptions {
  readonly extraRoots: readonly string[];
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

async function exchange(
  relay: RelayAddress,
  request: Request,
  url: URL,
  { extraRoots, maxBodyBytes, signal }: ExchangeOptions,
): Promise<Response> {
  const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  if (body !== null && body.length > MAX_REQUEST_BYTES) {
    throw new RangeError(`a request body has at most ${MAX_REQUEST_BYTES} bytes`);
  }
  const port = url.port === "" ? 443 : Number(url.port);
  const bytes = serializeRequest(request, url, body);
  const tls = await openTunnel(relay, url.hostname, port, { extraRoots, signal });
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
