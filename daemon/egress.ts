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
import type { IncomingMessage } from "node:http";
import { EndpointUnreachableError } from "../core/errors.ts";
import { openTunnel, type RelayAddress, unreachable } from "./egress/open_tunnel.ts";

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
  // Loaded with the first login or refresh: it costs 20 ms that the daemon's start need not pay.
  const [{ request: send }, { Duplex }] = await Promise.all([
    import("node:http"),
    import("node:stream"),
  ]);
  const port = url.port === "" ? 443 : Number(url.port);
  const tls = await openTunnel(relay, url.hostname, port, { extraRoots, signal });
  const socket = Duplex.fromWeb({ readable: tls.readable, writable: tls.writable } as never);
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const outgoing = send({
    method: request.method,
    path: url.pathname + url.search,
    headers: requestHeaders(request, url, body),
    createConnection: () => socket as never,
  }, (message) => void readResponse(message, request, url, maxBodyBytes).then(resolve, reject));
  outgoing.on("error", reject);
  const abort = () => outgoing.destroy(new Error("aborted"));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    outgoing.end(body ?? undefined);
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    outgoing.destroy();
    socket.destroy();
    closeQuietly(tls);
  }
}

function requestHeaders(
  request: Request,
  url: URL,
  body: Uint8Array | null,
): Record<string, string> {
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => headers[name] = value);
  // Nothing is decompressed here, so nothing can blow up while it is.
  headers["accept-encoding"] = "identity";
  headers["host"] = url.host;
  headers["connection"] = "close";
  if (body !== null) headers["content-length"] = String(body.length);
  return headers;
}

async function readResponse(
  message: IncomingMessage,
  request: Request,
  url: URL,
  maxBodyBytes: number,
): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += (chunk as Uint8Array).length;
    if (size > maxBodyBytes) {
      throw unreachable(url.origin, `its answer is larger than ${maxBodyBytes} bytes`);
    }
    chunks.push(chunk as Uint8Array<ArrayBuffer>);
  }
  const status = message.statusCode ?? 0;
  if (!message.complete || status < 200 || status > 599) {
    throw unreachable(url.origin, "its answer is not whole or not HTTP");
  }
  if (request.redirect === "error" && status >= 300 && status < 400 && status !== 304) {
    throw unreachable(url.origin, "it answered with a redirect");
  }
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    throw unreachable(url.origin, "it compressed its answer although asked not to");
  }
  const empty = [204, 205, 304].includes(status);
  const response = new Response(empty ? null : new Blob(chunks), {
    status,
    statusText: message.statusMessage ?? "",
    headers,
  });
  // Callers compare it with what they asked for; a constructed Response has none.
  Object.defineProperty(response, "url", { value: request.url });
  return response;
}

function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // The stream closed it.
  }
}
