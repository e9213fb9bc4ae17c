/**
 * A `fetch` that reaches a daemon on this machine directly, whatever `HTTP_PROXY` says.
 *
 * Deno's and Bun's own `fetch` send even `http://127.0.0.1` through `HTTP_PROXY` unless `NO_PROXY`
 * names it, which would hand every request of ours to the corporate proxy. Deno can pin a client to
 * an address; elsewhere `node:http` with an agent of its own ignores the environment.
 *
 * @module
 */

/** The part of `fetch` that a {@linkcode DaemonClient} uses. */
export type DaemonFetch = (url: string, init: RequestInit) => Promise<Response>;

/** A fetch and the connections it keeps open. */
export interface DirectFetch {
  readonly fetch: DaemonFetch;
  /** Closes the kept connections; the fetch is not used afterwards. */
  close(): void;
}

/** Whether a URL can only mean this machine. */
export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** A fetch for `baseUrl`: direct for an address of this machine, the runtime's own for any other. */
export function openDirectFetch(baseUrl: string): DirectFetch {
  if (!isLoopbackUrl(baseUrl) || !baseUrl.startsWith("http:")) {
    return { fetch: (url, init) => fetch(url, init), close() {} };
  }
  if (typeof Deno !== "undefined") return pinnedFetch(new URL(baseUrl));
  return {
    fetch: async (url, init) => (await import("./node_fetch.ts")).nodeFetch(url, init),
    close() {},
  };
}

/** Every connection of this client goes to the one address, before any proxy variable is asked. */
function pinnedFetch({ hostname, port }: URL): DirectFetch {
  const client = Deno.createHttpClient({
    proxy: {
      transport: "tcp",
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? 80 : Number(port),
    },
  });
  return {
    fetch: (url, init) => fetch(url, { ...init, client }),
    close: () => client.close(),
  };
}
