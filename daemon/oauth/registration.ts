/**
 * Dynamic client registration (RFC 7591) and its deletion (RFC 7592 section 2.3).
 *
 * Not implemented: software statements, initial access tokens, reading and updating a registration.
 *
 * @module
 */
import { customFetch, dynamicClientRegistrationRequest } from "oauth4webapi";
import { ClientRegistrationError } from "../../core/errors.ts";
import type { ClientAuthenticationMethod, ProviderDefinition } from "../../core/provider.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import { Secret } from "../../core/secret.ts";
import { isEndpoint } from "./endpoints.ts";
import { guardedFetch, type Outbound } from "./outbound.ts";
import { readProviderError, showProviderError } from "./provider_error.ts";
import { readFields, type ReplyFields } from "./reply_fields.ts";
import { type RevocationOutcome, settle } from "./revocation.ts";

/** What a client is registered with. */
export interface RegistrationRequest {
  readonly provider: ProviderDefinition;
  readonly registration_endpoint: string;
  readonly redirect_uri: string;
  readonly base_url: string | null;
  readonly scopes: readonly string[];
  /** From the server's metadata; null where it does not say. */
  readonly token_endpoint_auth_methods_supported: readonly string[] | null;
}

/**
 * Registers a client of ours.
 *
 * @throws {ClientRegistrationError} when the server refuses, or answers without a usable client.
 * @throws {EndpointUnreachableError}
 */
export async function registerClient(
  request: RegistrationRequest,
  outbound: Outbound,
): Promise<ProviderClient> {
  const { provider, registration_endpoint, redirect_uri, scopes } = request;
  const wanted = chooseMethod(request);
  const response = await dynamicClientRegistrationRequest(
    { issuer: new URL(registration_endpoint).origin, registration_endpoint },
    {
      client_name: "authsome",
      // OpenID Connect Registration section 2: only a native client may redirect to the loopback.
      application_type: "native",
      redirect_uris: [redirect_uri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: wanted,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
    },
    { [customFetch]: guardedFetch(outbound) },
  );
  const fields = readFields(await response.text(), response.headers.get("content-type") ?? "");
  const client = response.ok && fields !== null ? readClient(fields, request, wanted) : null;
  if (client !== null) return client;
  const error = readProviderError(fields, response.status, [], provider.oauth?.error_field);
  const said = response.ok
    ? "the answer holds no client that could be used"
    : showProviderError(error);
  throw new ClientRegistrationError(`Cannot register with ${provider.name}: ${said}`, {
    provider: provider.name,
    operation: "register_client",
    hint: provider.flows.includes("api_key")
      ? `Run: authsome login ${provider.name} --flow api_key`
      : `Register an app with ${provider.display_name} and log in with its client id`,
  });
}

/**
 * Deletes a registration at the server, where it offered that.
 *
 * Never throws for what a provider does, see {@linkcode settle}.
 */
export async function deleteRegistration(
  provider: ProviderDefinition,
  client: ProviderClient,
  outbound: Outbound,
): Promise<RevocationOutcome> {
  const { registration_client_uri: url, registration_access_token: token } = client;
  if (url === null || token === null || !isEndpoint(url, provider)) {
    const detail = "the provider offers no deletion of registrations";
    return { token: "client_registration", outcome: "not_supported", detail };
  }
  const outcome = await settle(async () => {
    await outbound.allowHosts?.([new URL(url).host]);
    const response = await guardedFetch(outbound)(url, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token.reveal()}` },
    });
    // 404 and 401 mean that it is gone (RFC 7592 section 2.3).
    if (response.ok || [401, 404].includes(response.status)) {
      return { outcome: "revoked", detail: null };
    }
    const error = readProviderError(null, response.status, [token]);
    return { outcome: "refused", detail: showProviderError(error) };
  });
  return { token: "client_registration", ...outcome };
}

/** A public client where the server takes one: a secret on a person's machine protects nothing. */
function chooseMethod(request: RegistrationRequest): ClientAuthenticationMethod {
  const preferred = request.provider.oauth?.token_endpoint_auth_method ?? "none";
  const supported = request.token_endpoint_auth_methods_supported;
  if (supported === null) return preferred;
  const order = [preferred, "none", "client_secret_post", "client_secret_basic"] as const;
  return order.find((method) => supported.includes(method)) ?? preferred;
}

function readClient(
  fields: ReplyFields,
  request: RegistrationRequest,
  wanted: ClientAuthenticationMethod,
): ProviderClient | null {
  const text = (name: string): string | null => {
    const value = fields[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const client_id = text("client_id");
  const client_secret = text("client_secret");
  // The server may decide otherwise (RFC 7591 section 3.2.1); its word holds if we can follow it.
  const said = text("token_endpoint_auth_method");
  const method = ["none", "client_secret_post", "client_secret_basic"].includes(said ?? wanted)
    ? (said ?? wanted) as ClientAuthenticationMethod
    : null;
  if (client_id === null || method === null || (method !== "none" && client_secret === null)) {
    return null;
  }
  const uri = text("registration_client_uri");
  const token = text("registration_access_token");
  const manageable = isEndpoint(uri, request.provider) && token !== null;
  return {
    client_id,
    // Servers hand a secret to public clients, too; sending it would be refused.
    client_secret: method === "none" || client_secret === null ? null : new Secret(client_secret),
    client_secret_expires_at: method === "none" ? null : expiry(fields["client_secret_expires_at"]),
    token_endpoint_auth_method: method,
    base_url: request.base_url,
    scopes: null,
    redirect_uri: request.redirect_uri,
    registration_client_uri: manageable ? uri : null,
    registration_access_token: manageable ? new Secret(token) : null,
  };
}

/** RFC 7591 section 3.2.1: seconds since 1970; 0 means that it does not expire. */
function expiry(value: unknown): Date | null {
  const seconds = typeof value === "string" ? Number(value) : value;
  return typeof seconds === "number" && seconds > 0 && seconds < 8.64e12
    ? new Date(seconds * 1000)
    : null;
}
