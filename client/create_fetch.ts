/**
 * A `fetch` that carries a provider's credential, for code that would rather call than be started
 * behind the proxy.
 *
 * What it keeps to is what the proxy keeps to: the daemon is asked for every request and says whether
 * host and path are the connection's; the credential goes there over TLS and nowhere else; nothing is
 * sent when there is no credential.
 *
 * @module
 */
import type { ResolvedCredential } from "../core/api.ts";
import { portOf } from "../core/url_port.ts";
import { readSettings } from "../core/config.ts";
import { InvalidInputError } from "../core/errors.ts";
import { applyInjections } from "../core/apply_injections.ts";
import { ReplacedCredentials } from "../core/replaced_credentials.ts";
import type { DaemonClient } from "./daemon_client.ts";
import { openOwnerClient } from "./open_owner_client.ts";
import { isFollowed, nextHop, type SentRequest } from "./redirect.ts";

/** Which credential, and how it is had. */
export interface CreateFetchOptions {
  readonly provider: string;
  /** Default: the provider's default connection. */
  readonly connection?: string | undefined;
  /** Who asks the daemon. Default: the active identity of this home, which needs Deno. */
  readonly client?: Pick<DaemonClient, "resolveCredential"> | undefined;
  /** Sends the requests once they carry the credential. Default: the runtime's. */
  readonly fetch?: typeof fetch | undefined;
  /** The clock, in milliseconds since 1970. Default: the system's. */
  readonly now?: (() => number) | undefined;
}

/** Fetch, section 2.2.4. */
const MAX_REDIRECTS = 20;

/**
 * A `fetch` for the provider's hosts.
 *
 * Any other host is refused before anything is sent. A redirect to another origin is followed without
 * the credential and without the caller's own `Authorization` and `Cookie`. When the provider answers
 * 401, an OAuth token is refreshed once and the request sent again, provided that its body can be: a
 * stream cannot. A fresh token that is refused as well is not refreshed again for a minute.
 *
 * The returned function rejects with the daemon's error where there is no credential, with a
 * {@linkcode GrantDeniedError} for a host that is not the provider's, and with an
 * {@linkcode InvalidInputError} for a URL that is not https.
 *
 * @example A client of one's own, and what happens to a request
 * ```ts
 * import { createFetch } from "@authsome/cli/lib";
 *
 * const acme = createFetch({
 *   provider: "acme",
 *   // What the daemon answers; leave `client` out to ask the one of this machine.
 *   client: {
 *     resolveCredential: () =>
 *       Promise.resolve({
 *         provider: "acme",
 *         connection: "default",
 *         injections: [{ type: "header", name: "Authorization", value: "Bearer sk-1" }],
 *         headers: { Authorization: "Bearer sk-1" },
 *         obtained_at: "2026-03-01T12:00:00.000Z",
 *         expires_at: null,
 *         refreshable: false,
 *         source: "local",
 *       }),
 *   },
 *   // Sends nothing: shows what would be sent.
 *   fetch: (_url, init) => Promise.resolve(new Response(new Headers(init?.headers).get("authorization"))),
 * });
 *
 * const answer = await acme("https://api.acme.example/v1/me");
 * if (await answer.text() !== "Bearer sk-1") throw new Error("the credential is missing");
 * ```
 */
export function createFetch(options: CreateFetchOptions): typeof fetch {
  const { provider, connection } = options;
  const send = options.fetch ?? fetch;
  const now = options.now ?? Date.now;
  const replaced = new ReplacedCredentials();
  let opened: Promise<Pick<DaemonClient, "resolveCredential">> | null = null;
  const client = () => {
    if (options.client !== undefined) return Promise.resolve(options.client);
    opened ??= openDefaultClient();
    // A daemon that could not be started may be there the next time.
    opened.catch(() => opened = null);
    return opened;
  };

  return async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    let request = await readRequest(input, init);
    let isAway = false;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      // For good: a foreign page could otherwise send us back to whatever it likes, credential on.
      isAway ||= request.url.origin !== origin;
      const response = isAway
        ? await send(request.url, initOf(request))
        : await sendWithCredential(request);
      if (!isFollowed(request, response)) return response;
      await response.body?.cancel();
      request = nextHop(request, response);
    }
    throw new TypeError(`Cannot fetch ${origin}: it redirects too often`);
  };

  async function sendWithCredential(request: SentRequest): Promise<Response> {
    checkUrl(request.url, provider);
    const credential = await resolve(request, null);
    const response = await inject(request, credential);
    if (response.status !== 401 || !canBeReplayed(request)) return response;
    const fresh = await replacement(request, credential);
    if (fresh === null) return response;
    await response.body?.cancel();
    return await inject(request, fresh);
  }

  async function resolve(
    request: SentRequest,
    refused: ResolvedCredential | null,
  ): Promise<ResolvedCredential> {
    const { url, method, signal } = request;
    return await (await client()).resolveCredential({
      provider,
      ...(connection === undefined ? {} : { connection }),
      host: url.hostname,
      port: portOf(url),
      path: url.pathname,
      method,
      // Not the time of the refusal: a token that was renewed meanwhile has not been refused.
      ...(refused === null ? {} : { rejected_at: refused.obtained_at }),
    }, signal === null ? {} : { signal });
  }

  /** Another credential in place of one that was refused, or null when there is no other. */
  async function replacement(
    request: SentRequest,
    refused: ResolvedCredential,
  ): Promise<ResolvedCredential | null> {
    if (replaced.isRefusedAgain(refused, now())) return null;
    try {
      const fresh = await resolve(request, refused);
      if (JSON.stringify(fresh.injections) === JSON.stringify(refused.injections)) return null;
      replaced.note(fresh, now());
      return fresh;
    } catch {
      // The provider's own 401 says more than our failure to mend it.
      return null;
    }
  }

  async function inject(request: SentRequest, credential: ResolvedCredential): Promise<Response> {
    const { url, headers } = applyInjections(request, credential.injections);
    return await send(url, initOf({ ...request, headers }));
  }
}

function checkUrl({ protocol, origin, username, password }: URL, provider: string): void {
  const problem = protocol !== "https:"
    ? "a credential is sent over https only"
    : username !== "" || password !== ""
    ? "the URL holds a credential of its own"
    : null;
  if (problem !== null) {
    throw new InvalidInputError(`Cannot fetch ${origin}: ${problem}`, { provider });
  }
}

/** The active identity's client; the library takes Deno's word for where its home is. */
function openDefaultClient(): Promise<DaemonClient> {
  if (typeof Deno === "undefined") {
    throw new InvalidInputError("Cannot ask the daemon: outside Deno a client has to be given", {
      hint: "Pass createFetch({ client: new DaemonClient({ … }) })",
    });
  }
  return openOwnerClient(readSettings((name) => Deno.env.get(name)));
}

/** The request that the arguments of `fetch` describe. */
async function readRequest(input: RequestInfo | URL, init: RequestInit): Promise<SentRequest> {
  const given = input instanceof Request ? input : null;
  const isStream = init.body instanceof ReadableStream ||
    (init.body === undefined && (given?.body ?? null) !== null);
  // Makes the method upper case, the headers valid, and the body's type a header.
  const parsed = new Request(input, { ...init, ...(isStream ? { duplex: "half" } : {}) });
  return {
    url: new URL(parsed.url),
    method: parsed.method,
    headers: parsed.headers,
    // A stream is there once. Everything else is kept as bytes, so that it can be sent again: a form
    // would get another boundary each time.
    body: isStream || parsed.body === null
      ? parsed.body
      : init.body instanceof Blob
      ? init.body
      : new Uint8Array(await parsed.arrayBuffer()),
    redirect: parsed.redirect,
    signal: init.signal ?? given?.signal ?? null,
    rest: init,
  };
}

function initOf({ method, headers, body, signal, rest }: SentRequest): RequestInit {
  return {
    ...rest,
    method,
    headers,
    // Followed here, hop by hop: the runtime would take the credential along.
    redirect: "manual",
    body,
    ...(signal === null ? {} : { signal }),
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  };
}

function canBeReplayed({ body }: SentRequest): boolean {
  return !(body instanceof ReadableStream);
}
