/**
 * Device login (RFC 8628): the person types a code on another device, this one polls.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import {
  AuthorizationResponseError,
  LoginExpiredError,
  UnsupportedFlowError,
} from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { requestDeviceCode } from "../oauth/device_endpoint.ts";
import { pollDevice } from "../oauth/device_poll.ts";
import { fillEndpoint } from "../oauth/endpoints.ts";
import type { ProviderError } from "../oauth/provider_error.ts";
import { locateServer } from "./authorization_server.ts";
import { baseUrlInput, chooseBaseUrl } from "./base_url.ts";
import type {
  FlowContext,
  LoginFlow,
  LoginRequest,
  LoginStep,
  PendingLogin,
  PollResult,
} from "./flow.ts";
import {
  anonymousClient,
  chooseClient,
  chooseScopes,
  clientInputs,
  oauthSettings,
} from "./oauth_client.ts";
import { grantTokens } from "./token_grant.ts";
import { tokenRefused } from "./token_refused.ts";

/** Logs in with a code typed elsewhere. */
export const deviceAuthorization: LoginFlow = { inputs, begin, poll };

function inputs(login: LoginRequest): readonly InputField[] {
  const base = baseUrlInput(login);
  const client = isAnonymous(login) ? [] : clientInputs(login, standardScopes(login));
  const asksBase = base !== null && (base.required || client.length > 0);
  return [...(asksBase ? [base] : []), ...client];
}

function standardScopes({ provider: { oauth } }: LoginRequest): readonly string[] {
  return oauth?.device_scopes ?? oauth?.scopes ?? [];
}

/** Whether the provider's device login knows no clients (`device_token_request: "json"`). */
function isAnonymous({ provider }: LoginRequest): boolean {
  return provider.oauth?.device_token_request === "json" &&
    provider.oauth.token_endpoint_auth_method === "none";
}

async function begin(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
  context: FlowContext,
): Promise<LoginStep> {
  const { provider } = login;
  const settings = oauthSettings(provider);
  const base_url = chooseBaseUrl(login, values);
  const endpoint = fillEndpoint(provider, settings.device_authorization_url, base_url);
  if (endpoint === null) {
    throw new UnsupportedFlowError(`Cannot log in to ${provider.name}: it has no device login`, {
      provider: provider.name,
      hint: `Run: authsome login ${provider.name} --flow ${provider.flow}`,
    });
  }
  const chosen = isAnonymous(login)
    ? { client: anonymousClient(base_url), isNew: false }
    : chooseClient(login, values, base_url, standardScopes(login));
  const client = { ...chosen.client, base_url: base_url ?? chosen.client.base_url };
  const located = await locateServer(login, base_url, context, { authorization: false });
  const tokenUrl = fillEndpoint(provider, settings.device_token_url, base_url);
  const server = tokenUrl === null
    ? located.server
    : { ...located.server, token_endpoint: tokenUrl };
  const scopes = chooseScopes(login, client, standardScopes(login));
  const code = await requestDeviceCode({
    provider,
    settings,
    device_authorization_endpoint: endpoint,
    client,
    scopes,
    resource: server.resource,
  }, context);
  const { device_code, interval_seconds, ...shown } = code;
  return {
    type: "device",
    ...shown,
    pending: { type: "device_code", device_code, interval_seconds, client, scopes, server },
    client: chosen.isNew ? client : null,
  };
}

async function poll(
  login: LoginRequest,
  pending: PendingLogin,
  context: FlowContext,
): Promise<PollResult> {
  if (pending.type !== "device_code") throw new TypeError("not a device login");
  const { client, server, scopes } = pending;
  const settings = oauthSettings(login.provider);
  const outcome = await pollDevice({
    settings,
    token_endpoint: server.token_endpoint,
    client,
    device_code: pending.device_code,
    scopes,
    resource: server.resource,
    interval_seconds: pending.interval_seconds,
  }, context);
  if (outcome.type === "pending") return outcome;
  if (outcome.type === "error") throw refusal(login, outcome.error);
  const grant = await grantTokens({
    login,
    server,
    client,
    base_url: client.base_url,
    tokens: outcome.tokens,
    requested_scopes: scopes,
  }, context);
  return { type: "granted", grant };
}

function refusal({ provider }: LoginRequest, error: ProviderError): Error {
  const details = {
    provider: provider.name,
    operation: "login",
    hint: `Run: authsome login ${provider.name} --flow device_code`,
  };
  switch (error.error) {
    case "access_denied":
      return new AuthorizationResponseError(
        `Cannot log in to ${provider.name}: access was denied`,
        details,
      );
    case "expired_token":
      return new LoginExpiredError(
        `Cannot log in to ${provider.name}: the code has expired`,
        details,
      );
    default:
      return tokenRefused(provider.name, error, details.hint);
  }
}
