/**
 * What is kept of a successful token reply: the tokens, the scopes really granted, whose account it
 * is, where its API lives, and what a later refresh needs.
 *
 * @module
 */
import { matchesHost, parseHostPattern } from "../../core/host_pattern.ts";
import type { OAuthSettings, ProviderDefinition } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import { readAccount } from "../oauth/account.ts";
import { authenticationMethod } from "../oauth/client_authentication.ts";
import { writeFacts } from "../oauth/connection_facts.ts";
import { isEndpoint } from "../oauth/endpoints.ts";
import { readIdToken } from "../oauth/id_token.ts";
import { type ReplyFields, textAt } from "../oauth/reply_fields.ts";
import type { TokenSet } from "../oauth/token_reply.ts";
import type {
  AuthorizationServer,
  FlowContext,
  LoginRequest,
  ProviderClient,
  TokenGrant,
} from "./flow.ts";
import { oauthSettings } from "./oauth_client.ts";

/** What a grant is made of. */
export interface GrantParts {
  readonly login: LoginRequest;
  readonly server: AuthorizationServer;
  readonly client: ProviderClient;
  readonly base_url: string | null;
  readonly tokens: TokenSet;
  readonly requested_scopes: readonly string[];
  readonly nonce?: string | null;
  /** Query of the callback; some providers tell things there only. */
  readonly callback?: ReplyFields;
  /** More secrets to keep with the connection. */
  readonly secrets?: Readonly<Record<string, Secret>>;
}

/**
 * Makes the grant.
 *
 * @throws {AuthorizationResponseError} when the ID token is not for this login.
 */
export async function grantTokens(parts: GrantParts, context: FlowContext): Promise<TokenGrant> {
  const { login, server, client, base_url, tokens, requested_scopes, callback = {} } = parts;
  const { provider } = login;
  const settings = oauthSettings(provider);
  const claims = tokens.id_token === null ? {} : readIdToken(tokens.id_token, {
    provider: provider.name,
    client_id: client.client_id,
    issuer: server.issuer,
    nonce: parts.nonce ?? null,
    now: context.now(),
  });
  const { account, userinfo } = await readAccount({
    settings,
    claims,
    reply: tokens.fields,
    userinfo_endpoint: server.userinfo_endpoint,
    access_token: tokens.access_token,
  }, context);

  const said = tokens.scopes ?? textAt(callback, "scope")?.split(/[\s,]+/) ?? null;
  const bringsClient = client.client_secret !== null && isBound(provider, client);
  return {
    secrets: {
      ...parts.secrets,
      access_token: tokens.access_token,
      ...(tokens.refresh_token === null ? {} : { refresh_token: tokens.refresh_token }),
      ...(bringsClient ? { client_secret: client.client_secret } : {}),
    },
    token_type: tokens.token_type,
    expires_at: tokens.expires_at,
    granted_scopes: said ?? (requested_scopes.length === 0 ? null : requested_scopes),
    account,
    base_url,
    api_url: readApiUrl(provider, settings, [tokens.fields, userinfo]),
    metadata: {
      ...keptFields(settings, callback, tokens.fields),
      ...writeFacts({
        client_id: client.client_id === "" ? null : client.client_id,
        token_endpoint_auth_method: authenticationMethod(client, settings),
        token_endpoint: server.discovered ? server.token_endpoint : null,
        revocation_endpoint: server.revocation_endpoint,
        issuer: server.issuer,
        resource: server.resource,
      }),
    },
  };
}

/**
 * Whether the connection keeps its client's secret: a registration is redone when the redirect URI
 * changes, and a provider with a base URL may have a client per server. Old tokens stay bound to the
 * old client either way.
 */
function isBound(provider: ProviderDefinition, client: ProviderClient): boolean {
  return client.redirect_uri !== null || provider.base_url !== undefined;
}

/** The account's own API, only where the definition lets it be; a token goes nowhere else. */
function readApiUrl(
  provider: ProviderDefinition,
  settings: OAuthSettings,
  places: readonly ReplyFields[],
): string | null {
  const { api_url_field } = settings;
  if (api_url_field === undefined) return null;
  const said = places.map((fields) => textAt(fields, api_url_field)).find((text) => text !== null);
  if (said === undefined || said === null) return null;
  const url = said.includes("://") ? said : `https://${said}`;
  if (!isEndpoint(url, provider)) return null;
  const { hostname } = new URL(url);
  const allowed = settings.api_url_hosts ?? [];
  return allowed.some((text) => matchesHost(parseHostPattern(text), hostname))
    ? url.replace(/\/+$/, "")
    : null;
}

function keptFields(
  settings: OAuthSettings,
  callback: ReplyFields,
  reply: ReplyFields,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of settings.kept_fields ?? []) {
    const text = textAt(reply, name) ?? textAt(callback, name);
    if (text !== null && name !== "oauth") kept[name] = text;
  }
  return kept;
}
