/**
 * What is to be put on one request: finds the connection, checks that the request's host and path
 * really are its provider's, and fills in the injection.
 *
 * The caller's choice is never trusted: a proxy that is wrong about a host gets nothing.
 *
 * @module
 */
import type { ResolvedCredential, ResolveRequest } from "../../core/api.ts";
import { type Connection, type ConnectionRef, showRef } from "../../core/connection.ts";
import {
  AuthsomeError,
  CredentialMissingError,
  type ErrorCode,
  GrantDeniedError,
} from "../../core/errors.ts";
import {
  type FilledInjection,
  fillExtraHeaders,
  fillInjection,
  type Injection,
} from "../../core/injection.ts";
import { isName, type ProviderDefinition } from "../../core/provider.ts";
import { matchRoute } from "../../core/route_table.ts";
import { readFacts } from "../oauth/connection_facts.ts";
import { isRenewable } from "../oauth/refresh.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import { type Caller, vaultOf } from "./caller.ts";
import { chooseConnection, credentialMissing } from "./choose_connection.ts";
import { type ConnectionRoutes, connectionRoutes } from "./connection_routes.ts";
import { loginAgain } from "./login_again.ts";
import { callerRoutes } from "./proxy_routes.ts";
import { refreshConnection } from "./refresh_connection.ts";

/** Where a request goes, as far as the caller has said. */
type Place = Pick<ResolveRequest, "path" | "port"> & { readonly host: string };

/**
 * The injections for one request, by `provider` (with `host`, `port` and `path`, where the request is
 * known) or by `host` alone.
 *
 * @throws {GrantDeniedError} when a run's grant does not cover it, or when the host and path are not
 * the connection's. @throws {CredentialMissingError} when nobody is logged in.
 * @throws {ProviderNotFoundError} @throws {TokenExpiredError} @throws {ReauthorizationRequiredError}
 */
export async function resolveCredential(
  broker: Broker,
  caller: Caller,
  request: ResolveRequest,
): Promise<ResolvedCredential> {
  let answer: ResolvedCredential;
  try {
    answer = await findCredential(broker, caller, request);
  } catch (error) {
    noteRefusal(broker, caller, request, error);
    throw error;
  }
  broker.usage.resolved(caller, answer, request);
  return answer;
}

/** Writes down what is a decision: a grant or a rule that forbids it, or no credential to be had. */
function noteRefusal(
  { usage }: Broker,
  caller: Caller,
  { host, method }: ResolveRequest,
  error: unknown,
): void {
  if (!(error instanceof AuthsomeError)) return;
  const event = REFUSALS[error.code];
  if (event === undefined) return;
  const { provider, connection } = error;
  // What a run asked for may be anything; only a name is written down.
  const ref = {
    ...(isName(provider ?? "") ? { provider } : {}),
    ...(isName(connection ?? "") ? { connection } : {}),
  };
  usage.denied(caller, event, ref, { host, method, reason: error.name });
}

const REFUSALS: Readonly<Partial<Record<ErrorCode, "proxy_deny" | "proxy_no_credentials">>> = {
  grant_denied: "proxy_deny",
  credential_missing: "proxy_no_credentials",
  token_expired: "proxy_no_credentials",
  refresh_failed: "proxy_no_credentials",
  reauthorization_required: "proxy_no_credentials",
};

async function findCredential(
  broker: Broker,
  caller: Caller,
  request: ResolveRequest,
): Promise<ResolvedCredential> {
  const place = request.host === undefined ? null : { ...request, host: request.host };
  const ref = request.provider === undefined
    ? await routedConnection(broker, caller, place!)
    : await chooseConnection(broker, caller, request.provider, request.connection ?? null);
  const definition = broker.catalogue.get(ref.provider);
  const stored = await readConnection(broker.vault, vaultOf(caller), ref);
  if (stored === null) throw credentialMissing(ref);
  const routes = connectionRoutes(definition, stored);
  // Before anything is refreshed or opened: a request that is not the provider's costs it nothing.
  const injection = injectionFor(definition, routes, ref, place);
  const connection = await refreshConnection(broker, stored, {
    rejectedAt: request.rejected_at === undefined ? null : new Date(request.rejected_at),
  });
  const injections = fill(definition, connection, routes, injection);
  return {
    provider: ref.provider,
    connection: ref.connection,
    injections,
    headers: plainHeaders(injections),
    obtained_at: connection.obtained_at.toISOString(),
    expires_at: connection.expires_at?.toISOString() ?? null,
    refreshable: isRenewable(definition, connection),
    source: "local",
  };
}

async function routedConnection(
  broker: Broker,
  caller: Caller,
  { host, path, port }: Place,
): Promise<ConnectionRef> {
  const match = matchRoute(await callerRoutes(broker, caller), host, path ?? "/", port);
  if (match === null) {
    throw new CredentialMissingError(`Cannot resolve ${host}: no connection covers it`, {
      hint: "Run: authsome list",
    });
  }
  return { provider: match.route.provider, connection: match.route.connection };
}

function injectionFor(
  definition: ProviderDefinition,
  routes: ConnectionRoutes,
  ref: ConnectionRef,
  place: Place | null,
): Injection {
  if (place === null) return definition.injection;
  const { host, path, port } = place;
  const match = matchRoute(routes.table, host, path ?? "/", port);
  const rule = match === null ? undefined : routes.rules[match.route.rule];
  if (rule !== undefined) return rule.injection;
  throw new GrantDeniedError(
    `Cannot use ${showRef(ref)} for ${host}: its credential does not belong there`,
    { ...ref },
  );
}

function fill(
  definition: ProviderDefinition,
  connection: Connection,
  routes: ConnectionRoutes,
  injection: Injection,
): readonly FilledInjection[] {
  // Twitch and its like want the client named beside the token.
  const { client_id } = readFacts(connection.metadata);
  const values = {
    ...routes.variables,
    ...(client_id === null ? {} : { client_id }),
    ...connection.secrets,
  };
  try {
    return [
      fillInjection(injection, values),
      ...fillExtraHeaders(definition.extra_headers, values),
    ];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const ref = { provider: connection.provider, connection: connection.connection_name };
    throw new CredentialMissingError(
      `Cannot use ${showRef(ref)}: its credential does not fit the provider's definition`,
      { ...ref, hint: `Run: ${loginAgain(ref)}`, cause },
    );
  }
}

/** The injections that are headers, as a plain record for clients that know nothing else. */
function plainHeaders(injections: readonly FilledInjection[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const injection of injections) {
    if (injection.type === "header") headers[injection.name] = injection.value;
    if (injection.type === "basic") {
      const pair = new TextEncoder().encode(`${injection.username}:${injection.password}`);
      headers["Authorization"] = `Basic ${pair.toBase64()}`;
    }
  }
  return headers;
}
