/**
 * A provider definition, a login and a context for OAuth tests, with as little said as possible.
 *
 * @module
 */
import type { OAuthSettings, ProviderDefinition } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import type { FlowContext, LoginRequest } from "../../daemon/flows/flow.ts";
import { REDIRECT_URI } from "./redirect_uri.ts";

/** OAuth settings with the defaults of the schema. */
export function oauth(settings: Partial<OAuthSettings> = {}): OAuthSettings {
  return {
    scopes: [],
    scope_separator: " ",
    pkce_method: "S256",
    token_endpoint_auth_method: "client_secret_post",
    token_request_format: "form",
    device_token_request: "form",
    authorization_params: {},
    token_params: {},
    revocation: "rfc7009",
    ...settings,
  };
}

/** A definition named `acme`; loopback endpoints are allowed. */
export function oauthProvider(
  settings: Partial<OAuthSettings> = {},
  more: Partial<ProviderDefinition> = {},
): ProviderDefinition {
  return {
    schema_version: 1,
    name: "acme",
    display_name: "Acme",
    metadata: {},
    auth_type: "oauth2",
    flow: "pkce",
    flows: ["pkce", "device_code", "dcr_pkce", "client_credentials"],
    hosts: [{ url: "api.acme.test" }],
    injection: { type: "header", name: "authorization", value: "Bearer {access_token}" },
    extra_headers: {},
    oauth: oauth(settings),
    fields: [],
    env: {},
    alternatives: [],
    allow_private: true,
    ...more,
  };
}

/** A login to it. */
export function loginTo(
  provider: ProviderDefinition,
  more: Partial<LoginRequest> = {},
): LoginRequest {
  return {
    provider,
    client: null,
    base_url: null,
    scopes: null,
    redirect_uri: REDIRECT_URI,
    ...more,
  };
}

/** Surroundings with a fixed or the real clock. */
export function contextWith(
  fetch: typeof globalThis.fetch,
  more: Partial<FlowContext> = {},
): FlowContext {
  return { fetch, now: () => new Date(), signal: new AbortController().signal, ...more };
}

/** Values as a form gives them. */
export function typed(values: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, new Secret(value)]),
  );
}
