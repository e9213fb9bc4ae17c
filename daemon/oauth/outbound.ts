/**
 * One request to a provider's OAuth endpoint, and everything that protects us from the answer:
 * https only, no redirects followed, a limit on time and on size, the body read whole or not at all.
 *
 * @module
 */
import { EndpointUnreachableError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import { joinBytes } from "../../core/join_bytes.ts";

/** What requests need from their surroundings. */
export interface Outbound {
  /** Goes out through the egress relay. */
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Tells the egress relay hosts that discovery found and no definition names. */
  readonly allowHosts?: (hosts: readonly string[]) => void | Promise<void>;
  /** Patience with one request, in milliseconds; 30 s when left out. */
  readonly timeoutMs?: number;
}

/** Sent with every request: some providers refuse requests without one, or with a library's. */
export const USER_AGENT = `authsome/${VERSION}`;

/** Largest body read; a token reply has a few kilobytes. */
export const MAX_REPLY_BYTES = 1 << 20;

const DEFAULT_TIMEOUT_MS = 30_000;

/** A request, as far as callers may choose it. */
export interface GuardedInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?:
    | URLSearchParams
    | string
    | ReadableStream
    | Uint8Array<ArrayBuffer>
    | null
    | undefined;
}

/** A `fetch` that answers with a body already read, or throws {@linkcode EndpointUnreachableError}. */
export type GuardedFetch = (url: string, init: GuardedInit) => Promise<Response>;

/**
 * Makes a guarded `fetch`, fit for oauth4webapi's `customFetch`.
 *
 * The message of what it throws names the origin and the kind of failure, never the path, the query
 * or a part of the body: any of them may hold a secret.
 */
export function guardedFetch(outbound: Outbound): GuardedFetch {
  return async (url, init) => {
    const target = new URL(url);
    if (target.protocol !== "https:") {
      throw new EndpointUnreachableError(`Cannot reach ${target.origin}: it is not https`);
    }
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), outbound.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    try {
      const response = await outbound.fetch(url, {
        method: init.method ?? "GET",
        headers: { ...init.headers, "user-agent": USER_AGENT },
        body: init.body ?? null,
        // A redirect of a token request would hand the code or the secret to another host.
        redirect: "manual",
        signal: AbortSignal.any([outbound.signal, patience.signal]),
      });
      return await readWhole(response, target.origin);
    } catch (cause) {
      outbound.signal.throwIfAborted();
      if (cause instanceof EndpointUnreachableError) throw cause;
      const what = patience.signal.aborted ? "it did not answer in time" : "the connection failed";
      throw new EndpointUnreachableError(`Cannot reach ${target.origin}: ${what}`, {
        cause,
        hint: "Run: authsome doctor",
      });
    } finally {
      clearTimeout(timer);
    }
  };
}

async function readWhole(response: Response, origin: string): Promise<Response> {
  const whole = await readBytes(response, origin);
  const headers = new Headers();
  for (const name of ["content-type", "date", "retry-after", "www-authenticate"]) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const empty = [101, 204, 205, 304].includes(response.status);
  return new Response(empty ? null : whole, { status: response.status, headers });
}

async function readBytes(response: Response, origin: string): Promise<Uint8Array<ArrayBuffer>> {
  // The length that was announced is what is read, unless it grows while it is decompressed.
  const announced = response.headers.get("content-length");
  if (
    announced !== null && Number(announced) <= MAX_REPLY_BYTES &&
    !response.headers.has("content-encoding")
  ) {
    return await response.bytes();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_REPLY_BYTES) {
      // Leaving the loop cancels the stream, so that the rest is never received.
      throw new EndpointUnreachableError(
        `Cannot use the answer of ${origin}: it is larger than ${MAX_REPLY_BYTES} bytes`,
      );
    }
    chunks.push(chunk);
  }
  // Not a Blob: its bytes are read back through another thread.
  return joinBytes(chunks);
}

/** Seconds until a retry is welcome (RFC 9110 section 10.2.3); null when the server did not say. */
export function retryAfterSeconds(response: Response, now: Date): number | null {
  const value = response.headers.get("retry-after");
  if (value === null) return null;
  const seconds = /^\d{1,7}$/.test(value)
    ? Number(value)
    : Math.ceil((Date.parse(value) - now.getTime()) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 86_400) : null;
}
