/**
 * The device authorization request (RFC 8628 section 3.1) and its answer, with what providers make
 * of it: `verification_url`, a client id in the query, `scopes`, no client at all.
 *
 * @module
 */
import { customFetch, deviceAuthorizationRequest, None } from "oauth4webapi";
import { TokenEndpointError } from "../../core/errors.ts";
import type { OAuthSettings, ProviderDefinition } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import { clientAuthentication, type OAuthClient } from "./client_authentication.ts";
import { guardedFetch, type Outbound } from "./outbound.ts";
import { readProviderError, showProviderError } from "./provider_error.ts";
import { readFields, type ReplyFields, textAt } from "./reply_fields.ts";

/** One device authorization request. */
export interface DeviceRequest {
  readonly provider: ProviderDefinition;
  readonly settings: OAuthSettings;
  readonly device_authorization_endpoint: string;
  /** A `client_id` of `""` is not sent. */
  readonly client: OAuthClient;
  readonly scopes: readonly string[];
  readonly resource: string | null;
}

/** What the person is to do, and what to poll with. */
export interface DeviceCode {
  readonly device_code: Secret;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string | null;
  readonly expires_at: Date;
  readonly interval_seconds: number;
}

/**
 * Asks for a device code.
 *
 * @throws {TokenEndpointError} when the endpoint refuses, or answers without codes.
 * @throws {EndpointUnreachableError}
 */
export async function requestDeviceCode(
  request: DeviceRequest,
  outbound: Outbound,
): Promise<DeviceCode> {
  const started = outbound.now();
  const response = await send(request, outbound);
  const fields = readFields(await response.text(), response.headers.get("content-type") ?? "");
  const code = response.ok && fields !== null ? readDeviceCode(fields, started) : null;
  if (code !== null) return code;
  const sent = request.client.client_secret === null ? [] : [request.client.client_secret];
  const error = readProviderError(fields, response.status, sent, request.settings.error_field);
  const said = response.ok && error.error.startsWith("http_")
    ? "an answer without a device code"
    : showProviderError(error);
  const { name } = request.provider;
  throw new TokenEndpointError(
    `Cannot log in to ${name}: the device authorization endpoint answered ${said}`,
    { provider: name, operation: "login", error: error.error },
  );
}

function send(request: DeviceRequest, outbound: Outbound): Promise<Response> {
  const { settings, client, scopes, resource } = request;
  const scope = settings.device_scope_parameter ?? "scope";
  const parameters = {
    ...(scopes.length === 0 ? {} : { [scope]: scopes.join(" ") }),
    ...(resource === null ? {} : { resource }),
  };
  const url = new URL(request.device_authorization_endpoint);
  if (client.client_id === "") {
    return guardedFetch(outbound)(url.href, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams(parameters),
    });
  }
  if (settings.device_client_id_in === "query") url.searchParams.set("client_id", client.client_id);
  const method = settings.device_authentication;
  return deviceAuthorizationRequest(
    { issuer: url.origin, device_authorization_endpoint: url.href },
    { client_id: client.client_id },
    method === undefined
      ? None()
      : clientAuthentication(client, { ...settings, token_endpoint_auth_method: method }),
    parameters,
    { [customFetch]: guardedFetch(outbound) },
  );
}

function readDeviceCode(fields: ReplyFields, started: Date): DeviceCode | null {
  const uri = (name: string): string | null => {
    const value = fields[name];
    // It is opened in a browser: a provider must not make us open a file or run a script.
    return typeof value === "string" && URL.canParse(value) &&
        new URL(value).protocol === "https:" && value.length <= 2048
      ? value
      : null;
  };
  const device_code = fields["device_code"];
  const user_code = textAt(fields, "user_code");
  const verification_uri = uri("verification_uri") ?? uri("verification_url");
  if (
    typeof device_code !== "string" || device_code === "" || user_code === null ||
    verification_uri === null
  ) return null;
  return {
    device_code: new Secret(device_code),
    user_code,
    verification_uri,
    verification_uri_complete: uri("verification_uri_complete") ?? uri("verification_url_complete"),
    expires_at: new Date(started.getTime() + 1000 * within(fields["expires_in"], 30, 86_400, 900)),
    // RFC 8628 section 3.2: five seconds where the server does not say.
    interval_seconds: within(fields["interval"], 1, 300, 5),
  };
}

function within(value: unknown, least: number, most: number, standard: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0
    ? Math.min(Math.max(number, least), most)
    : standard;
}
