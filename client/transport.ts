/**
 * How a request of the client gets to the daemon and its answer back.
 *
 * Deno's and Bun's own `fetch` send even `http://127.0.0.1` through `HTTP_PROXY` unless `NO_PROXY`
 * names it, which would hand every request of ours to the corporate proxy. For a daemon on this
 * machine it is therefore not used: in Deno a plain connection does, elsewhere `node:http`.
 *
 * @module
 */
import { isLoopbackUrl } from "./loopback_url.ts";
import { openLoopbackHttp } from "./loopback_http.ts";

/** A request, complete. */
export interface TransportRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: no body. */
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly signal: AbortSignal;
  /** Called when the request is on its way and the answer is all there is to wait for. */
  readonly onSent?: (() => void) | undefined;
}

/** An answer whose body is still to be read, once. */
export interface TransportAnswer {
  readonly status: number;
  /** By name in lower case; null where it is missing. */
  header(name: string): string | null;
  /** The whole body as text. */
  text(): Promise<string>;
  /** The body as it comes. Leaving the loop drops the rest. */
  body(): AsyncIterable<Uint8Array>;
}

/** Sends requests. */
export interface Transport {
  /** Rejects where no answer comes, with the signal's reason where that aborted. */
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Closes kept connections; what is sent afterwards opens new ones. */
  close(): void;
}

/** The part of `fetch` that is used. */
export type DaemonFetch = (url: string, init: RequestInit) => Promise<Response>;

/** The transport for a base URL. */
export function openTransport(baseUrl: string): Transport {
  if (!isLoopbackUrl(baseUrl) || !baseUrl.startsWith("http:")) {
    return fetchTransport((url, init) => fetch(url, init));
  }
  if (typeof Deno === "undefined") {
    return fetchTransport(async (url, init) =>
      (await import("./node_fetch.ts")).nodeFetch(url, init)
    );
  }
  const { hostname, port } = new URL(baseUrl);
  return openLoopbackHttp(hostname.replace(/^\[|\]$/g, ""), port === "" ? 80 : Number(port));
}

/** A transport over a `fetch`. */
export function fetchTransport(fetch: DaemonFetch): Transport {
  return {
    async send({ method, url, headers, body, signal, onSent }) {
      const init: RequestInit = { method, headers, signal, redirect: "manual" };
      const answer = fetch(url, body === null ? init : { ...init, body });
      onSent?.();
      const response = await answer;
      return {
        status: response.status,
        header: (name) => response.headers.get(name),
        text: () => response.text(),
        body: () => response.body ?? empty(),
      };
    },
    close() {},
  };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
