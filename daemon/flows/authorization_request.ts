/**
 * The authorization request (RFC 6749 section 4.1.1) with PKCE (RFC 7636), a nonce where an ID token
 * is asked for (OpenID Connect Core), and the resource the token is for (RFC 8707).
 *
 * @module
 */
import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
} from "oauth4webapi";
import { fillBaseUrl, urlVariables } from "../../core/base_url.ts";
import { Secret } from "../../core/secret.ts";
import type { AuthorizationServer, LoginRequest, LoginStep, ProviderClient } from "./flow.ts";
import { oauthSettings } from "./oauth_client.ts";

/** What the request is made of. */
export interface AuthorizationRequest {
  readonly login: LoginRequest;
  readonly server: AuthorizationServer;
  readonly client: ProviderClient;
  /** Whether the client is to be kept for the provider. */
  readonly isNewClient: boolean;
  readonly base_url: string | null;
  readonly scopes: readonly string[];
}

/** Makes the URL to open, and what must be remembered until the callback. */
export async function requestAuthorization(request: AuthorizationRequest): Promise<LoginStep> {
  const { login, server, scopes, base_url } = request;
  const { provider, redirect_uri } = login;
  const settings = oauthSettings(provider);
  // The base URL travels with the client: the callback knows the login by its pending state only.
  const client = { ...request.client, base_url: base_url ?? request.client.base_url };
  const state = generateRandomState();
  const nonce = scopes.includes("openid") ? generateRandomNonce() : null;
  const verifier = settings.pkce_method === "S256" ? generateRandomCodeVerifier() : null;

  const url = new URL(server.authorization_endpoint!);
  const variables = urlVariables(provider, base_url);
  for (const [name, template] of Object.entries(settings.authorization_params)) {
    url.searchParams.set(name, fillBaseUrl(template, variables) ?? template);
  }
  // After the definition's own: it may add to the protocol, never change it.
  const parameters: Record<string, string | null> = {
    response_type: "code",
    client_id: client.client_id,
    redirect_uri,
    state,
    scope: scopes.length === 0 ? null : scopes.join(settings.scope_separator),
    code_challenge: verifier === null ? null : await calculatePKCECodeChallenge(verifier),
    code_challenge_method: verifier === null ? null : "S256",
    nonce,
    resource: server.resource,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return {
    type: "authorize",
    url: url.href,
    pending: {
      type: "authorization_code",
      state,
      nonce,
      code_verifier: verifier === null ? null : new Secret(verifier),
      redirect_uri,
      client,
      scopes,
      server,
    },
    client: request.isNewClient ? client : null,
  };
}
