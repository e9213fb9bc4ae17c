/**
 * Renewing a connection's access token: the refresh grant (RFC 6749 section 6), or the client
 * credentials grant once more (section 4.4.3: it has no refresh token).
 *
 * Sends one request and tells what came of it. Who may call it, how often, and what is on disk
 * before and after is the broker's business.
 *
 * @module
 */
import {
  AuthsomeError,
  EndpointUnreachableError,
  RefreshFailedError,
  TokenEndpointError,
} from "../../core/errors.ts";
import { fillTemplate, templateVariables } from "../../core/injection.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import type { OAuthClient } from "./client_authentication.ts";
import {
  connectionClient,
  extraTokenParameters,
  type OAuthConnection,
  readFacts,
} from "./connection_facts.ts";
import { fillEndpoint } from "./endpoints.ts";
import type { Outbound } from "./outbound.ts";
import { type ProviderError, showProviderError } from "./provider_error.ts";
import { requestTokens } from "./token_endpoint.ts";
import type { TokenSet } from "./token_reply.ts";

/** What to write over the connection; everything else of it stays. */
export interface Renewal {
  /** All of the connection's secrets, the new tokens among them. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly token_type: string;
  readonly expires_at: Date | null;
  /** null: as before. */
  readonly scopes: readonly string[] | null;
}

/** What came of one attempt. None of these is thrown: each is an answer to act on. */
export type RefreshOutcome =
  | { readonly type: "refreshed"; readonly renewal: Renewal }
  /** `invalid_grant`: this refresh token is dead. Somebody else may have rotated it: read again. */
  | { readonly type: "rejected"; readonly error: ProviderError }
  /** There is nothing to refresh with: no refresh token, or its client is gone. */
  | { readonly type: "impossible"; readonly reason: string }
  | {
    readonly type: "failed";
    readonly error: AuthsomeError;
    /**
     * False when no whole answer arrived: the server may have rotated the token, and the old one
     * must be kept and tried again all the same.
     */
    readonly answered: boolean;
    readonly retry_after_seconds: number | null;
  };

/**
 * Refreshes once. Rejects only when `outbound.signal` is aborted: pass one that lives as long as the
 * daemon, not the caller's, or a rotated token is lost with the caller.
 *
 * @param plan What {@linkcode planRefresh} says of this connection.
 */
export async function refreshTokens(
  connection: OAuthConnection,
  outbound: Outbound,
  plan: RefreshPlan | string = planRefresh(connection),
): Promise<RefreshOutcome> {
  const { provider } = connection;
  if (typeof plan === "string") return { type: "impossible", reason: plan };
  const failed = (error: AuthsomeError, answered: boolean, retry: number | null = null) =>
    ({ type: "failed", error, answered, retry_after_seconds: retry }) as const;
  const { token_endpoint: discovered } = readFacts(connection.metadata);
  try {
    // No definition names it, and this daemon may not be the one that found it.
    if (discovered !== null) await outbound.allowHosts?.([new URL(discovered).host]);
    const reply = await requestTokens({ settings: provider.oauth!, ...plan }, outbound);
    if (reply.type === "tokens") {
      return { type: "refreshed", renewal: renewal(connection, reply.tokens) };
    }
    if (reply.error.error === "invalid_grant") return { type: "rejected", error: reply.error };
    const error = new TokenEndpointError(
      `Cannot refresh ${provider.name}: the token endpoint answered ${
        showProviderError(reply.error)
      }`,
      { provider: provider.name, operation: "refresh", error: reply.error.error },
    );
    return failed(error, true, reply.retry_after_seconds);
  } catch (error) {
    outbound.signal.throwIfAborted();
    if (error instanceof EndpointUnreachableError) return failed(error, false);
    if (error instanceof AuthsomeError) return failed(error, true);
    return failed(
      new RefreshFailedError(`Cannot refresh ${provider.name}: the request could not be made`, {
        provider: provider.name,
        operation: "refresh",
        cause: error,
      }),
      true,
    );
  }
}

/** The request that a refresh is. */
export interface RefreshPlan {
  readonly token_endpoint: string;
  readonly client: OAuthClient;
  readonly grant_type: string;
  readonly parameters: Readonly<Record<string, Secret | string>>;
}

/**
 * Whether there is anything to renew a connection's token with. Its expiry does not tell: Salesforce
 * gives none, and ends its tokens all the same.
 */
export function isRenewable(
  { oauth }: ProviderDefinition,
  { flow, secrets }: Pick<OAuthConnection, "flow" | "secrets">,
): boolean {
  if (oauth === undefined) return false;
  return flow === "client_credentials" || oauth.refresh_params !== undefined ||
    secrets["refresh_token"]?.isEmpty === false;
}

/** The request, or why there is nothing to refresh with, for the second half of a message. */
export function planRefresh(connection: OAuthConnection): RefreshPlan | string {
  const { provider, base_url, secrets } = connection;
  const settings = provider.oauth;
  if (settings === undefined) return "the provider does not use OAuth";
  const facts = readFacts(connection.metadata);
  const client = connectionClient(connection);
  if (client === null) return "the OAuth client it was made with is gone";
  const endpoint = facts.token_endpoint ??
    fillEndpoint(provider, settings.refresh_url ?? settings.token_url, base_url);
  if (endpoint === null) return "the token endpoint is not known";
  const extra = extraTokenParameters(provider, base_url, secrets);
  const resource = facts.resource === null ? {} : { resource: facts.resource };

  if (connection.flow === "client_credentials") {
    const { grant_type = "client_credentials", ...others } = extra;
    const scope = (connection.scopes ?? settings.scopes).join(settings.scope_separator);
    return {
      token_endpoint: endpoint,
      client,
      grant_type,
      parameters: { ...others, ...resource, ...(scope === "" ? {} : { scope }) },
    };
  }
  const { refresh_token, access_token } = secrets;
  if (settings.refresh_params !== undefined && access_token !== undefined) {
    return substitute(settings.refresh_params, { ...extra, ...resource }, {
      endpoint,
      client,
      secrets,
    });
  }
  if (!refresh_token || refresh_token.isEmpty) return "the provider gave no refresh token";
  return {
    token_endpoint: endpoint,
    client,
    grant_type: "refresh_token",
    parameters: { ...extra, ...resource, refresh_token },
  };
}

/** The refresh as this provider wants it (Meta exchanges the access token for a longer one). */
function substitute(
  templates: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
  { endpoint, client, secrets }: {
    endpoint: string;
    client: OAuthClient;
    secrets: Readonly<Record<string, Secret>>;
  },
): RefreshPlan | string {
  const filled: Record<string, Secret | string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const names = templateVariables(template);
    if (names.some((variable) => !Object.hasOwn(secrets, variable))) {
      return `the provider gave no ${names.join(", ").replaceAll("_", " ")}`;
    }
    const text = fillTemplate(template, secrets);
    filled[name] = names.length === 0 ? text : new Secret(text);
  }
  const { grant_type = "refresh_token", ...parameters } = filled;
  return {
    token_endpoint: endpoint,
    client,
    grant_type: typeof grant_type === "string" ? grant_type : grant_type.reveal(),
    parameters: { ...others, ...parameters },
  };
}

function renewal(connection: OAuthConnection, tokens: TokenSet): Renewal {
  return {
    secrets: {
      ...connection.secrets,
      access_token: tokens.access_token,
      // RFC 6749 section 6: without a new one the old one stays.
      ...(tokens.refresh_token === null ? {} : { refresh_token: tokens.refresh_token }),
    },
    token_type: tokens.token_type,
    expires_at: tokens.expires_at,
    scopes: tokens.scopes,
  };
}
