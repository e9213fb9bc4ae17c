/**
 * Taking tokens back at the provider: RFC 7009, or whatever the provider documents instead.
 *
 * @module
 */
import { customFetch, revocationRequest } from "oauth4webapi";
import { AuthsomeError } from "../../core/errors.ts";
import { fillTemplate } from "../../core/injection.ts";
import type { OAuthSettings, RevocationStyle } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import {
  basicAuthorization,
  clientAuthentication,
  type OAuthClient,
} from "./client_authentication.ts";
import { connectionClient, type OAuthConnection, readFacts } from "./connection_facts.ts";
import { fillEndpoint, isEndpoint } from "./endpoints.ts";
import { guardedFetch, type Outbound } from "./outbound.ts";
import { readProviderError, showProviderError } from "./provider_error.ts";
import { readFields } from "./reply_fields.ts";
import { isRefusal } from "./token_reply.ts";

/** What the provider said about one token. */
export interface RevocationOutcome {
  readonly token: "access_token" | "refresh_token" | "client_registration";
  readonly outcome: "revoked" | "refused" | "unreachable" | "not_supported";
  readonly detail: string | null;
}

type TokenName = "access_token" | "refresh_token";

/**
 * Revokes a connection's tokens, one after the other. Never throws for what a provider does: the
 * local part of a revocation goes on whatever happened out there.
 */
export async function revokeTokens(
  connection: OAuthConnection,
  outbound: Outbound,
): Promise<readonly RevocationOutcome[]> {
  const settings = connection.provider.oauth;
  const held = (name: TokenName) => Object.hasOwn(connection.secrets, name);
  const style = settings?.revocation ?? "rfc7009";
  // RFC 7009 section 2.1: revoking the refresh token ends the access tokens of the grant, too.
  const wanted = style === "rfc7009" ? ["refresh_token", "access_token"] as const : style.tokens;
  const outcomes: RevocationOutcome[] = [];
  for (const token of wanted.filter(held)) {
    outcomes.push({ token, ...await settle(() => revokeOne(connection, token, outbound)) });
  }
  return outcomes;
}

type Outcome = Omit<RevocationOutcome, "token">;

/** Turns whatever a revocation throws into an outcome. */
export async function settle(revoke: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await revoke();
  } catch (error) {
    return {
      outcome: "unreachable",
      detail: error instanceof AuthsomeError ? error.message : "the request could not be made",
    };
  }
}

async function revokeOne(
  connection: OAuthConnection,
  name: TokenName,
  outbound: Outbound,
): Promise<Outcome> {
  const { provider, base_url, secrets } = connection;
  const settings = provider.oauth;
  const token = secrets[name]!;
  const client = connectionClient(connection);
  const found = readFacts(connection.metadata).revocation_endpoint;
  const values = templateValues(connection, token, client);
  const url = found !== null && isEndpoint(found, provider)
    ? found
    : fillEndpoint(provider, settings?.revocation_url, base_url, values);
  if (settings === undefined || url === null) {
    return { outcome: "not_supported", detail: "the provider has no revocation endpoint" };
  }
  // No definition names it, and this daemon may not be the one that found it.
  if (url === found) await outbound.allowHosts?.([new URL(url).host]);
  const response = settings.revocation === "rfc7009"
    ? await standardRequest(url, settings, client, name, token, outbound)
    : await styledRequest(url, settings.revocation, values, outbound);

  const fields = readFields(await response.text(), response.headers.get("content-type") ?? "");
  if (response.ok && (fields === null || !isRefusal(fields, settings))) {
    return { outcome: "revoked", detail: null };
  }
  const sent = [
    ...Object.values(secrets),
    ...(client?.client_secret ? [client.client_secret] : []),
  ];
  const error = readProviderError(fields, response.status, sent, settings.error_field);
  return { outcome: "refused", detail: showProviderError(error) };
}

function standardRequest(
  url: string,
  settings: OAuthSettings,
  client: OAuthClient | null,
  token_type_hint: TokenName,
  token: Secret,
  outbound: Outbound,
): Promise<Response> {
  const authentication = client === null ? () => {} : clientAuthentication(client, settings);
  return revocationRequest(
    { issuer: new URL(url).origin, revocation_endpoint: url },
    { client_id: client?.client_id ?? "unknown" },
    authentication,
    token.reveal(),
    { additionalParameters: { token_type_hint }, [customFetch]: guardedFetch(outbound) },
  );
}

/** Everything that a URL or body of a {@linkcode RevocationStyle} may name. */
function templateValues(
  connection: OAuthConnection,
  token: Secret,
  client: OAuthClient | null,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(connection.metadata)) {
    if (typeof value === "string") values[name] = value;
  }
  for (const [name, value] of Object.entries(connection.secrets)) values[name] = value.reveal();
  values["token"] = token.reveal();
  if (client !== null) {
    values["client_id"] = client.client_id;
    values["client_secret"] = client.client_secret?.reveal() ?? "";
  }
  return values;
}

function styledRequest(
  url: string,
  style: RevocationStyle,
  values: Readonly<Record<string, string>>,
  outbound: Outbound,
): Promise<Response> {
  const fields = Object.fromEntries(
    Object.entries(style.body).map(([name, template]) => [name, fillTemplate(template, values)]),
  );
  const { client_id = "", client_secret = "", token = "" } = values;
  const headers: Record<string, string> = { accept: "application/json" };
  switch (style.authentication) {
    case "client_secret_basic":
      headers["authorization"] = basicAuthorization(client_id, client_secret);
      break;
    case "client_secret_post":
      Object.assign(fields, { client_id, client_secret });
      break;
    case "bearer_token":
      headers["authorization"] = `Bearer ${token}`;
      break;
    case "client_secret_header":
      headers["authorization"] = `Client ${client_secret}`;
      break;
    case "client_secret_bearer":
      headers["authorization"] = `Bearer ${client_secret}`;
      break;
    case "none":
      break;
    default:
      style.authentication satisfies never;
  }
  const { method, format } = style;
  if (method === "GET" || format === "none") {
    return guardedFetch(outbound)(url, { method, headers });
  }
  const isJson = format === "json";
  headers["content-type"] = isJson ? "application/json" : "application/x-www-form-urlencoded";
  const body = isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
  return guardedFetch(outbound)(url, { method, headers, body });
}
