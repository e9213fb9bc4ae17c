/**
 * Authorization code login with a client that registers itself (RFC 7591), as MCP servers want it.
 * The registration is kept with the redirect URI it was made for, and redone when that changes.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import type { Secret } from "../../core/secret.ts";
import { registerClient } from "../oauth/registration.ts";
import { requestAuthorization } from "./authorization_request.ts";
import { completeAuthorization } from "./authorization_response.ts";
import { type LocatedServer, locateServer } from "./authorization_server.ts";
import { baseUrlInput, chooseBaseUrl } from "./base_url.ts";
import type { FlowContext, LoginFlow, LoginRequest, LoginStep, ProviderClient } from "./flow.ts";
import { chooseScopes, isForInstance, oauthSettings } from "./oauth_client.ts";

/** A secret with less to live is of no use: the person has that long to finish the login. */
const LEAST_LIFETIME_MS = 10 * 60_000;

/** Registers where needed, then logs in through the browser. */
export const dynamicRegistration: LoginFlow = { inputs, begin, complete: completeAuthorization };

function inputs(login: LoginRequest): readonly InputField[] {
  const base = baseUrlInput(login);
  return base === null || !base.required ? [] : [base];
}

async function begin(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
  context: FlowContext,
): Promise<LoginStep> {
  const base_url = chooseBaseUrl(login, values);
  const kept = keptRegistration(login, base_url, context.now());
  const located = await locateServer(login, base_url, context, { registration: kept === null });
  const standard = oauthSettings(login.provider).scopes;
  const scopes = chooseScopes(login, kept, standard.length > 0 ? standard : located.scopes);
  const client = kept ?? await register(login, located, scopes, base_url, context);
  return await requestAuthorization({
    login,
    server: located.server,
    client,
    isNewClient: kept === null,
    base_url,
    scopes,
  });
}

/** The kept client, unless its time is over, or it was registered for another redirect URI or server. */
function keptRegistration(
  login: LoginRequest,
  base_url: string | null,
  now: Date,
): ProviderClient | null {
  const { client, provider, redirect_uri } = login;
  if (client === null || !isForInstance(provider, client, base_url)) return null;
  const ends = client.client_secret_expires_at ?? null;
  if (ends !== null && ends.getTime() - now.getTime() < LEAST_LIFETIME_MS) return null;
  // null: typed in by a person, who registered whatever redirect URI was right.
  return client.redirect_uri === null || client.redirect_uri === redirect_uri ? client : null;
}

function register(
  login: LoginRequest,
  located: LocatedServer,
  scopes: readonly string[],
  base_url: string | null,
  context: FlowContext,
): Promise<ProviderClient> {
  return registerClient({
    provider: login.provider,
    registration_endpoint: located.registration_endpoint!,
    redirect_uri: login.redirect_uri,
    base_url,
    scopes,
    token_endpoint_auth_methods_supported: located.token_endpoint_auth_methods_supported,
  }, context);
}
