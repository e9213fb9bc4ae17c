/**
 * The authorization response (RFC 6749 section 4.1.2, RFC 9207) and the exchange of its code.
 *
 * @module
 */
import {
  AuthorizationResponseError as ErrorResponse,
  OperationProcessingError,
  UnsupportedOperationError,
  validateAuthResponse,
} from "oauth4webapi";
import { AuthorizationResponseError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { extraTokenParameters } from "../oauth/connection_facts.ts";
import { readProviderError, showProviderError } from "../oauth/provider_error.ts";
import { requestTokens } from "../oauth/token_endpoint.ts";
import { checkShopifyHmac } from "./callback_signature.ts";
import type { FlowContext, LoginRequest, PendingLogin, TokenGrant } from "./flow.ts";
import { oauthSettings } from "./oauth_client.ts";
import { grantTokens } from "./token_grant.ts";
import { tokenRefused } from "./token_refused.ts";

type PendingCode = Extract<PendingLogin, { type: "authorization_code" }>;

/**
 * Ends a login with the query of its callback.
 *
 * @throws {AuthorizationResponseError} when the response is an error, or not for this login.
 * @throws {TokenEndpointError} when the code is refused. @throws {EndpointUnreachableError}
 */
export async function completeAuthorization(
  login: LoginRequest,
  pending: PendingLogin,
  callback: URLSearchParams,
  context: FlowContext,
): Promise<TokenGrant> {
  if (pending.type !== "authorization_code") throw new TypeError("not an authorization code login");
  const { provider } = login;
  const settings = oauthSettings(provider);
  const { server, client } = pending;
  const code = new Secret(readCode(login, pending, callback));
  if (settings.callback_signature === "shopify_hmac") {
    await checkShopifyHmac(provider.name, callback, client.client_secret);
  }
  const base_url = client.base_url;
  const reply = await requestTokens({
    token_endpoint: server.token_endpoint,
    settings,
    client,
    grant_type: "authorization_code",
    parameters: {
      ...extraTokenParameters(provider, base_url, {}),
      ...(server.resource === null ? {} : { resource: server.resource }),
      ...(pending.code_verifier === null ? {} : { code_verifier: pending.code_verifier }),
      redirect_uri: pending.redirect_uri,
      code,
    },
  }, context);
  if (reply.type === "error") {
    throw tokenRefused(provider.name, reply.error, hintFor(reply.error.error, login));
  }
  return await grantTokens({
    login,
    server,
    client,
    base_url,
    tokens: reply.tokens,
    requested_scopes: pending.scopes,
    nonce: pending.nonce,
    callback: Object.fromEntries(callback),
  }, context);
}

function hintFor(error: string, login: LoginRequest): string | undefined {
  const { name } = login.provider;
  if (error === "invalid_client" || error === "unauthorized_client") {
    return `The client id or secret is wrong. Run: authsome revoke ${name}, then log in again`;
  }
  return error === "invalid_grant" ? `Run: authsome login ${name}` : undefined;
}

/** The code of a response that is this server's answer to this very request. */
function readCode(login: LoginRequest, pending: PendingCode, callback: URLSearchParams): string {
  const { server, client } = pending;
  const fail = (problem: string, hint?: string) =>
    new AuthorizationResponseError(`Cannot log in to ${login.provider.name}: ${problem}`, {
      provider: login.provider.name,
      operation: "login",
      hint,
    });
  let response: URLSearchParams;
  try {
    response = validateAuthResponse(
      {
        issuer: expectedIssuer(pending, callback),
        authorization_response_iss_parameter_supported: server.iss_required,
      },
      { client_id: client.client_id },
      callback,
      pending.state,
    );
  } catch (error) {
    if (error instanceof ErrorResponse) {
      const sent = [client.client_secret, pending.code_verifier].filter((secret) =>
        secret !== null
      );
      const said = readProviderError(Object.fromEntries(callback), 400, sent);
      throw said.error === "access_denied"
        ? fail("access was denied", `Run: authsome login ${login.provider.name}`)
        : fail(`the provider answered ${showProviderError(said)}`);
    }
    // Its message names the parameter; its cause holds the parameters themselves and stays here.
    if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
      throw fail(`the answer is not for this login: ${error.message}`);
    }
    throw error;
  }
  const code = response.get("code") ?? "";
  if (code === "") throw fail("the answer holds no code");
  return code;
}

/**
 * The issuer that `iss` must name (RFC 9207 section 2.4). Where it is not known, an `iss` on the
 * host of the server's own endpoints is taken for it: what matters is that a code of another server
 * is never sent to this one.
 */
function expectedIssuer({ server }: PendingCode, callback: URLSearchParams): string {
  const own = new URL(server.authorization_endpoint ?? server.token_endpoint).origin;
  if (server.issuer !== null) return server.issuer;
  const iss = callback.get("iss");
  if (iss === null || !URL.canParse(iss)) return own;
  const hosts = [server.authorization_endpoint, server.token_endpoint]
    .filter((url) => url !== null).map((url) => new URL(url).host);
  return hosts.includes(new URL(iss).host) ? iss : own;
}
