/**
 * Decides about one `http:` request in absolute-form (RFC 9112 section 3.2.2). Such requests are
 * forwarded as they are; a credential is added only where the owner registered the definition with
 * `--allow-private`, because everybody on the way can read it.
 *
 * @module
 */
import type { ResolvedCredential } from "../core/api.ts";
import type { Admission } from "./admission.ts";
import { type ConnectTarget, isSameAuthority, parseConnectTarget } from "./connect_target.ts";
import { malformed, misdirected } from "./fail_closed.ts";
import type { Forward } from "./forward.ts";
import { headerValue, type RequestHead } from "./http1/message_head.ts";
import { applyInjections } from "./injections/mod.ts";
import { type OutgoingRequest, setHeader } from "./injections/outgoing_request.ts";
import {
  checkMethod,
  checkPlain,
  head,
  outgoingRequest,
  unmatched,
  usedCredential,
  watchedBody,
} from "./plan_intercepted.ts";
import type { RunContext } from "./run_context.ts";

/**
 * Where the request goes.
 *
 * @throws {Refusal} 407 without this run's secret, 400 for a target that is no `http:` URL, 421 when
 * `Host` names another authority, 403 for what may not go out.
 */
export async function planPlain(
  request: RequestHead,
  run: RunContext,
  admission: Admission,
): Promise<Forward> {
  // On every request: they share a connection, but the next one may come from somebody else.
  await admission.check(headerValue(request, "proxy-authorization"));
  run.memory.used();
  checkMethod(request);
  const { target, path } = parseAbsoluteForm(request);
  if (request.host !== null && !isSameAuthority(request.host, target, 80)) {
    throw misdirected(request.host, target.authority);
  }
  await run.routes.settled();
  const match = target.isIp ? null : run.routes.match(target.host, path, target.port);
  if (match === null && run.denyUnmatched) throw unmatched(target);
  if (match !== null) checkPlain(match.route, target);
  const isOwnHost = (provider: string) => run.routes.isHostOf(provider, target.host);
  run.canaries.check(request, target.host, isOwnHost);
  const watchBody = watchedBody(request, target.host, run, isOwnHost);
  let outgoing = outgoingRequest(request, path);
  if (!outgoing.names.includes("host")) outgoing = setHeader(outgoing, "Host", target.authority);
  const endpoint = { ...target, allowPrivate: match?.route.allow_private ?? false };
  const way = wayTo(endpoint, run);
  const sent = (outgoing: OutgoingRequest) => head(throughProxy(outgoing, endpoint, run), request);
  if (match === null) return { ...way, head: sent(outgoing), watchBody };
  const { route } = match;
  const { host, port } = target;
  const wanted = { route, host, port, path, method: request.method };
  const credential = await run.credentials.resolve(wanted);
  const injected = (credential: ResolvedCredential) =>
    sent(applyInjections(outgoing, credential.injections, run.canaries.of(credential)));
  return {
    ...way,
    head: injected(credential),
    watchBody,
    onAnswer: (status) => run.usage.answered(usedCredential(wanted), status),
    replaceCredential: !credential.refreshable ? undefined : async () => {
      const fresh = await run.credentials.replace(wanted, credential);
      return fresh === null ? null : injected(fresh);
    },
  };
}

/** RFC 6455 section 3: a `ws:` URL is the `http:` one of the handshake, and some clients send it so. */
const ABSOLUTE_FORM = /^(?:http|ws):\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?$/i;

function parseAbsoluteForm(request: RequestHead): { target: ConnectTarget; path: string } {
  const parts = ABSOLUTE_FORM.exec(request.target);
  if (parts === null) {
    throw malformed(
      "request",
      "a proxy takes CONNECT HOST:PORT or METHOD http://HOST/PATH",
      "BadTargetError",
    );
  }
  const target = parseConnectTarget(parts[1]!, 80);
  const rest = parts[2] ?? "";
  // RFC 9112 section 3.2.4: OPTIONS without a path asks about the server itself.
  if (rest === "" && request.method === "OPTIONS") return { target, path: "*" };
  return { target, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** Where it leads, and what it may reach there. */
interface PlainEndpoint extends ConnectTarget {
  readonly allowPrivate: boolean;
}

function wayTo(
  endpoint: PlainEndpoint,
  { dialer }: RunContext,
): Pick<Forward, "key" | "authority" | "connect"> {
  const { authority, allowPrivate } = endpoint;
  return {
    key: `http://${authority}${allowPrivate ? " private" : ""}`,
    authority,
    connect: () => dialer.connectPlain(endpoint),
  };
}

/** A corporate proxy is asked in absolute-form, and by name and password. */
function throughProxy(
  outgoing: OutgoingRequest,
  endpoint: PlainEndpoint,
  { dialer }: RunContext,
): OutgoingRequest {
  const proxy = dialer.plainProxy(endpoint);
  if (proxy === null) return outgoing;
  // RFC 9112 section 3.2.4: about the server itself is asked without a path.
  const path = outgoing.target === "*" ? "" : outgoing.target;
  const absolute = { ...outgoing, target: `http://${endpoint.authority}${path}` };
  if (proxy.authorization === null) return absolute;
  return setHeader(absolute, "Proxy-Authorization", proxy.authorization.reveal());
}
