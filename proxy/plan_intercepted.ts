/**
 * Decides about one request inside an intercepted tunnel: the authority that was connected to
 * chooses the credential, and whatever names another one is refused.
 *
 * @module
 */
import type { ProxyRoute, ResolvedCredential } from "../core/api.ts";
import { type ConnectTarget, isSameAuthority } from "./connect_target.ts";
import type { CredentialRequest } from "./credentials.ts";
import type { Duplex } from "./duplex.ts";
import { forbidden, malformed, misdirected, Refusal } from "./fail_closed.ts";
import type { Forward, OutgoingHead } from "./forward.ts";
import { endToEndLines } from "./hop_by_hop.ts";
import type { RequestHead } from "./http1/message_head.ts";
import type { InterceptedTunnel } from "./intercepted_tunnel.ts";
import { applyInjections } from "./injections/mod.ts";
import { type OutgoingRequest, setHeader } from "./injections/outgoing_request.ts";
import type { RunContext } from "./run_context.ts";
import type { UsedCredential } from "./usage.ts";

/**
 * Where the request goes, with its credential.
 *
 * @throws {Refusal} 421 for another authority, 400 for a malformed target, 403 for what may not go
 * out, 405 for TRACE, 502 when the credential cannot be had.
 */
export function planIntercepted(
  request: RequestHead,
  tunnel: InterceptedTunnel,
  run: RunContext,
): Forward | Promise<Forward> {
  run.memory.used();
  checkMethod(request);
  checkAuthority(request, tunnel);
  const loading = run.routes.settled();
  if (loading === null) return planRouted(request, tunnel, run);
  return planBehind(loading, request, tunnel, run);
}

async function planBehind(
  loading: Promise<void>,
  request: RequestHead,
  tunnel: InterceptedTunnel,
  run: RunContext,
): Promise<Forward> {
  await loading;
  return await planRouted(request, tunnel, run);
}

/** Methods that a server may take in any case, though they are other ones then (RFC 9110 section 9.1). */
const NOT_ALLOWED = /^(?:TRACE|TRACK|CONNECT)$/i;

/** TRACE would send the injected credential back to the child (RFC 9110 section 9.3.8). */
export function checkMethod({ method }: RequestHead): void {
  if (NOT_ALLOWED.test(method)) {
    throw new Refusal(
      405,
      "MethodNotAllowedError",
      `Cannot forward the request: ${method} is not allowed here`,
    );
  }
}

function checkAuthority(request: RequestHead, { target, serverName, scheme }: InterceptedTunnel) {
  if (serverName !== null && serverName !== target.host) {
    throw misdirected(serverName, target.authority);
  }
  // RFC 9112 section 3.2: absolute-form names an authority of its own, and servers prefer it.
  const isOptions = request.method === "OPTIONS" && request.target === "*";
  if (!request.target.startsWith("/") && !isOptions) {
    throw malformed("request", "its target is not a path, inside a tunnel", "BadTargetError");
  }
  const schemePort = scheme === "https" ? 443 : 80;
  if (request.host !== null && !isSameAuthority(request.host, target, schemePort)) {
    throw misdirected(request.host, target.authority);
  }
}

function planRouted(
  request: RequestHead,
  tunnel: InterceptedTunnel,
  run: RunContext,
): Forward | Promise<Forward> {
  const { target, scheme } = tunnel;
  const match = run.routes.match(target.host, request.target, target.port);
  const isOwnHost = (provider: string) => run.routes.isHostOf(provider, target.host);
  run.canaries.check(request, target.host, isOwnHost);
  const watchBody = watchedBody(request, target.host, run, isOwnHost);
  const outgoing = withHost(outgoingRequest(request, request.target), target);
  const plan: Plan = { request, tunnel, run, outgoing, watchBody };
  if (match === null) {
    if (run.denyUnmatched) throw unmatched(target);
    return withoutCredential(plan);
  }
  const { route } = match;
  if (scheme === "http") checkPlain(route, target);
  const { host, port } = target;
  const wanted = { route, host, port, path: request.target, method: request.method };
  const credential = run.credentials.resolve(wanted);
  if (!(credential instanceof Promise)) return withCredential(plan, wanted, credential);
  // The daemon is being asked; that and connecting take as long together as one of them.
  // HTTP/2 has sessions of its own.
  if (tunnel.protocol === "http/1.1") {
    const { allow_private } = route;
    run.pool.prepare({
      key: serverKey(tunnel, allow_private),
      connect: () => connectTo(tunnel, run, allow_private),
    });
  }
  return credential.then((known) => withCredential(plan, wanted, known));
}

/** What is known of a request before its credential is. */
interface Plan {
  readonly request: RequestHead;
  readonly tunnel: InterceptedTunnel;
  readonly run: RunContext;
  readonly outgoing: OutgoingRequest;
  readonly watchBody: Forward["watchBody"];
}

function withoutCredential({ request, tunnel, run, outgoing, watchBody }: Plan): Forward {
  return {
    key: serverKey(tunnel, false),
    authority: tunnel.target.authority,
    connect: () => connectTo(tunnel, run, false),
    head: head(outgoing, request),
    watchBody,
  };
}

function withCredential(
  { request, tunnel, run, outgoing, watchBody }: Plan,
  wanted: CredentialRequest,
  credential: ResolvedCredential,
): Forward {
  const { allow_private } = wanted.route;
  return {
    key: serverKey(tunnel, allow_private),
    authority: tunnel.target.authority,
    connect: () => connectTo(tunnel, run, allow_private),
    head: injected(outgoing, credential, request, run),
    watchBody,
    onAnswer: (status) => run.usage.answered(usedCredential(wanted), status),
    replaceCredential: !credential.refreshable ? undefined : async () => {
      const fresh = await run.credentials.replace(wanted, credential);
      return fresh === null ? null : injected(outgoing, fresh, request, run);
    },
  };
}

/** Keeps other providers' placeholders out of the request's body, where it has one. */
export function watchedBody(
  { framing }: RequestHead,
  host: string,
  { canaries }: RunContext,
  isOwnHost: (provider: string) => boolean,
): Forward["watchBody"] {
  if (framing.kind === "none") return undefined;
  return canaries.bodyWatch(host, isOwnHost) ?? undefined;
}

/** What a report says of a request. */
export function usedCredential({ route, host, method }: CredentialRequest): UsedCredential {
  return { provider: route.provider, connection: route.connection, host, method };
}

/** The request without what ends here, `target` in origin-form. */
export function outgoingRequest(request: RequestHead, target: string): OutgoingRequest {
  return { method: request.method, target, ...endToEndLines(request) };
}

/** HTTP/1.0 may leave Host out; the server must not fall back to a virtual host of its choice. */
function withHost(outgoing: OutgoingRequest, target: ConnectTarget): OutgoingRequest {
  return outgoing.names.includes("host") ? outgoing : setHeader(outgoing, "Host", target.authority);
}

function injected(
  outgoing: OutgoingRequest,
  credential: ResolvedCredential,
  request: RequestHead,
  { canaries }: RunContext,
): OutgoingHead {
  const { injections } = credential;
  // Looked for where they matter: every other kind has a place of its own.
  const placeholders = injections.some(({ type }) => type === "literal")
    ? canaries.of(credential)
    : [];
  return head(applyInjections(outgoing, injections, placeholders), request);
}

/** The request line put together again, and the headers. */
export function head(outgoing: OutgoingRequest, request: RequestHead): OutgoingHead {
  return {
    startLine: `${outgoing.method} ${outgoing.target} HTTP/1.${request.isHttp11 ? 1 : 0}`,
    headers: outgoing,
  };
}

/** A connection that was let through to loopback is not for a route that may not go there. */
function serverKey(tunnel: InterceptedTunnel, allowPrivate: boolean): string {
  return allowPrivate ? `${tunnel.serverKey} private` : tunnel.serverKey;
}

function connectTo(
  { target, scheme, protocol }: InterceptedTunnel,
  { dialer, http1, http2 }: RunContext,
  allowPrivate: boolean,
): Promise<Duplex> {
  const endpoint = { host: target.host, port: target.port, allowPrivate };
  if (scheme === "http") return dialer.connect(endpoint);
  return protocol === "h2" ? http2.connect(endpoint) : http1.connect(endpoint);
}

/** `--deny-unmatched` in words. */
export function unmatched({ authority }: ConnectTarget): Refusal {
  return forbidden(
    `Cannot connect to ${authority}: no login of this run covers it, and --deny-unmatched is set`,
    "Run: authsome list",
  );
}

/**
 * A credential travels in clear text only where the owner has said so, and to the port of the service
 * alone: on this machine the child may listen on any other one, and no certificate says whose it is.
 *
 * @throws {Refusal} 403.
 */
export function checkPlain(route: ProxyRoute, { host, port, authority }: ConnectTarget): void {
  if (!route.allow_plain) {
    throw new Refusal(
      403,
      "InsecureRequestError",
      `Cannot send the credential of ${route.provider} to ${host}: the request is plain http`,
      { hint: `Use https://${host}` },
    );
  }
  if (port === (route.port ?? 80)) return;
  throw new Refusal(
    403,
    "InsecureRequestError",
    `Cannot send the credential of ${route.provider} to ${authority}: over plain http it goes to ` +
      "the port that the definition names, or to 80",
    { hint: `Name ${authority} in the definition's hosts, and run: authsome register` },
  );
}
