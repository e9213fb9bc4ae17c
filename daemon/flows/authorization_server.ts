/**
 * Where a login goes: the definition's endpoints, completed by discovery where it leaves them out.
 *
 * @module
 */
import { DiscoveryError } from "../../core/errors.ts";
import { discoverResource, discoverServer, type ServerMetadata } from "../oauth/discovery.ts";
import { fillEndpoint } from "../oauth/endpoints.ts";
import type { AuthorizationServer, FlowContext, LoginRequest } from "./flow.ts";
import { oauthSettings } from "./oauth_client.ts";

/** What a login wants to know of the server besides {@linkcode AuthorizationServer}. */
export interface LocatedServer {
  readonly server: AuthorizationServer;
  readonly registration_endpoint: string | null;
  /** Scopes that the protected resource or the server asks for, where discovery said so. */
  readonly scopes: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[] | null;
}

/** What must be found. */
export interface LocateOptions {
  readonly authorization?: boolean;
  readonly registration?: boolean;
}

/**
 * Finds the authorization server of a login.
 *
 * @throws {DiscoveryError} when what must be found is neither in the definition nor in metadata.
 * @throws {EndpointUnreachableError}
 */
export async function locateServer(
  login: LoginRequest,
  base_url: string | null,
  context: FlowContext,
  { authorization = true, registration = false }: LocateOptions = {},
): Promise<LocatedServer> {
  const { provider } = login;
  const settings = oauthSettings(provider);
  const fill = (template: string | undefined) => fillEndpoint(provider, template, base_url);
  const known = {
    authorization_endpoint: fill(settings.authorization_url),
    token_endpoint: fill(settings.token_url),
    registration_endpoint: fill(settings.registration_endpoint),
    userinfo_endpoint: fill(settings.userinfo_url),
  };
  const isComplete = known.token_endpoint !== null &&
    (!authorization || known.authorization_endpoint !== null) &&
    (!registration || known.registration_endpoint !== null);
  const found = isComplete ? null : await discover(login, known.authorization_endpoint, context);

  const authorization_endpoint = known.authorization_endpoint ??
    found?.metadata.authorization_endpoint ?? null;
  const token_endpoint = known.token_endpoint ?? found?.metadata.token_endpoint ?? null;
  const registration_endpoint = known.registration_endpoint ??
    found?.metadata.registration_endpoint ?? null;
  const missing = token_endpoint === null
    ? "token_endpoint"
    : authorization && authorization_endpoint === null
    ? "authorization_endpoint"
    : registration && registration_endpoint === null
    ? "registration_endpoint"
    : null;
  if (token_endpoint === null || missing !== null) {
    throw new DiscoveryError(
      `Cannot find the endpoints of ${provider.name}: its metadata has no ${missing}`,
      { provider: provider.name, operation: "discovery" },
    );
  }
  return {
    server: {
      authorization_endpoint,
      token_endpoint,
      userinfo_endpoint: known.userinfo_endpoint ?? found?.metadata.userinfo_endpoint ?? null,
      revocation_endpoint: found?.metadata.revocation_endpoint ?? null,
      issuer: found?.metadata.issuer ?? settings.issuer ?? null,
      iss_required: found?.metadata.authorization_response_iss_parameter_supported ?? false,
      // A definition that sends `resource` by itself has the last word.
      resource: settings.authorization_params["resource"] ?? found?.resource ?? settings.resource ??
        null,
      discovered: known.token_endpoint === null,
    },
    registration_endpoint,
    scopes: found?.scopes ?? [],
    token_endpoint_auth_methods_supported: found?.metadata.token_endpoint_auth_methods_supported ??
      null,
  };
}

interface Discovered {
  readonly metadata: ServerMetadata;
  readonly resource: string | null;
  readonly scopes: readonly string[];
}

/** By the protected resource, else by the issuer, else by where the authorization endpoint lies. */
async function discover(
  login: LoginRequest,
  authorization_endpoint: string | null,
  context: FlowContext,
): Promise<Discovered> {
  const { provider } = login;
  const settings = oauthSettings(provider);
  if (settings.resource !== undefined) {
    const found = await discoverResource(settings.resource, provider, context);
    // Servers older than RFC 9728 are their own authorization server.
    const issuer = found?.authorization_servers[0] ?? new URL(settings.resource).origin;
    const metadata = await discoverServer(issuer, provider, context);
    return { metadata, resource: found?.resource ?? null, scopes: found?.scopes_supported ?? [] };
  }
  const issuer = settings.issuer ??
    (authorization_endpoint === null ? null : new URL(authorization_endpoint).origin);
  if (issuer === null) {
    throw new DiscoveryError(
      `Cannot find the endpoints of ${provider.name}: the definition names no place to look`,
      { provider: provider.name, hint: `Run: authsome inspect ${provider.name}` },
    );
  }
  const metadata = await discoverServer(issuer, provider, context);
  return { metadata, resource: null, scopes: [] };
}
