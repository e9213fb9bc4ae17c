/**
 * Whether a connection works: its provider is asked, with the credential, by the harmless call that
 * the definition names. The request goes out through the relay; nobody but the provider sees the
 * credential.
 *
 * @module
 */
import type { CheckedConnection } from "../../core/api.ts";
import { portOf } from "../../core/url_port.ts";
import { applyInjections } from "../../core/apply_injections.ts";
import { fillBaseUrl } from "../../core/base_url.ts";
import type { Connection, ConnectionRef } from "../../core/connection.ts";
import { AuthsomeError, type ErrorCode, GrantDeniedError } from "../../core/errors.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { isEndpoint } from "../oauth/endpoints.ts";
import { guardedFetch } from "../oauth/outbound.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { connectionRoutes } from "./connection_routes.ts";
import { flowContext } from "./flow_context.ts";
import { connectionNotFound } from "./list_connections.ts";
import { loginAgain } from "./login_again.ts";
import { reachableProvider } from "./reachable_provider.ts";
import { resolveCredential } from "./resolve_credential.ts";

/** A person waits. */
const TIMEOUT_MS = 15_000;

type Verdict = Pick<CheckedConnection, "outcome" | "problem" | "mend">;

/**
 * Asks the provider. A token that is due is refreshed first, as for any use.
 *
 * @throws {ConnectionNotFoundError} @throws {ProviderNotFoundError}
 */
export async function checkConnection(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
): Promise<CheckedConnection> {
  const definition = reachableProvider(broker, ref.provider);
  const connection = await readConnection(broker.vault, owner.vault_id, ref);
  if (connection === null) throw await connectionNotFound(broker, owner, ref);
  const untried: CheckedConnection = {
    ...ref,
    outcome: "untried",
    host: null,
    http_status: null,
    problem: "its definition names no harmless call",
    mend: null,
    clock_ahead_seconds: null,
  };
  for (const url of checkUrls(definition, connection)) {
    try {
      return { ...untried, host: url.host, ...await ask(broker, owner, ref, definition, url) };
    } catch (error) {
      // The call lies where the credential does not belong: an identity server, say.
      if (!(error instanceof GrantDeniedError)) throw error;
    }
  }
  return untried;
}

/** What the definition says is harmless, best first. */
function checkUrls(definition: ProviderDefinition, connection: Connection): URL[] {
  const { variables } = connectionRoutes(definition, connection);
  const { userinfo_url, userinfo_query } = definition.oauth ?? {};
  // A GET of a GraphQL endpoint says nothing about the login.
  const asked = [definition.check_url, userinfo_query === undefined ? userinfo_url : undefined];
  return asked.flatMap((template) => {
    const url = template === undefined ? null : fillBaseUrl(template, variables);
    return isEndpoint(url, definition) ? [new URL(url)] : [];
  });
}

async function ask(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
  definition: ProviderDefinition,
  url: URL,
): Promise<Verdict & Pick<CheckedConnection, "http_status" | "clock_ahead_seconds">> {
  const nobody = { http_status: null, clock_ahead_seconds: null };
  try {
    const { injections } = await resolveCredential(broker, owner, {
      ...ref,
      host: url.hostname,
      port: portOf(url),
      path: url.pathname,
      method: "GET",
    });
    const accept = new Headers({ accept: "application/json" });
    const filled = applyInjections({ url, headers: accept }, injections);
    // The relay may not know this connection's own server: it is as old as the daemon.
    await broker.allowHosts([url.host], definition.allow_private === true);
    const fetch = guardedFetch({ ...flowContext(broker, definition), timeoutMs: TIMEOUT_MS });
    const headers = Object.fromEntries(filled.headers);
    const response = await fetch(filled.url.href, { headers });
    return {
      ...await judge(response, ref),
      http_status: response.status,
      clock_ahead_seconds: clockAhead(response, broker.now()),
    };
  } catch (error) {
    if (!(error instanceof AuthsomeError) || error instanceof GrantDeniedError) throw error;
    const outcome = WITHOUT_ANSWER[error.code];
    if (outcome === undefined) throw error;
    const mend = error.hint?.replace(/^Run: /, "") ?? null;
    return { outcome, problem: afterColon(error.message), mend, ...nobody };
  }
}

/** What it means that there is no answer. */
const WITHOUT_ANSWER: Readonly<Partial<Record<ErrorCode, CheckedConnection["outcome"]>>> = {
  credential_missing: "refused",
  token_expired: "refused",
  reauthorization_required: "refused",
  refresh_failed: "unreachable",
  endpoint_unreachable: "unreachable",
};

async function judge(
  response: Response,
  ref: ConnectionRef,
): Promise<Verdict> {
  const { status } = response;
  const mend = loginAgain(ref);
  const refused = (problem: string): Verdict => ({ outcome: "refused", problem, mend });
  if (status === 401) return refused("the provider refused the credential (401)");
  if (status === 403) {
    return refused("the provider refused the call (403): the login may lack a scope");
  }
  if (response.ok) {
    return await saysNo(response)
      ? refused("the provider answered that the credential does not work")
      : { outcome: "works", problem: null, mend: null };
  }
  if (status >= 500) {
    const problem = `the provider has trouble (${status})`;
    return { outcome: "unreachable", problem, mend: "authsome doctor --live    in a while" };
  }
  const problem = status === 429
    ? "the provider has been asked too often (429)"
    : `the provider answered ${status}, which tells nothing of the credential`;
  return { outcome: "unsure", problem, mend: null };
}

/** Slack and its like answer 200 to everything. */
async function saysNo(response: Response): Promise<boolean> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== "object" || body === null) return false;
  const { ok, success } = body as Record<string, unknown>;
  return ok === false || success === false;
}

/** RFC 9110 section 6.6.1; whole seconds. */
function clockAhead(response: Response, now: Date): number | null {
  const theirs = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(theirs) ? null : Math.round((now.getTime() - theirs) / 1000);
}

function afterColon(message: string): string {
  const at = message.indexOf(": ");
  return at < 0 ? message : message.slice(at + 2);
}
