/**
 * Requests to the token endpoint (RFC 6749 section 3.2), as a form or, where the provider wants it,
 * as JSON.
 *
 * @module
 */
import { customFetch, genericTokenEndpointRequest } from "oauth4webapi";
import type { OAuthSettings } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import { clientAuthentication, type OAuthClient } from "./client_authentication.ts";
import { type GuardedFetch, guardedFetch, type Outbound, retryAfterSeconds } from "./outbound.ts";
import { readTokenReply, type ReplySettings, type TokenReply } from "./token_reply.ts";

/** What of the definition matters for token requests. */
export type TokenSettings =
  & ReplySettings
  & Pick<
    OAuthSettings,
    "token_request_format" | "token_endpoint_auth_method" | "secretless_authentication"
  >;

/** One token request. */
export interface TokenRequest {
  readonly token_endpoint: string;
  readonly settings: TokenSettings;
  readonly client: OAuthClient;
  readonly grant_type: string;
  /** The grant's parameters; secrets among them are taken out of any error description. */
  readonly parameters: Readonly<Record<string, Secret | string>>;
}

/**
 * Sends one token request.
 *
 * @throws {EndpointUnreachableError} when there was no answer, or none that could be read whole. The
 * server may have acted on the request all the same.
 */
export async function requestTokens(
  request: TokenRequest,
  outbound: Outbound,
): Promise<TokenReply> {
  const { settings, client, token_endpoint } = request;
  const send = guardedFetch(outbound);
  const started = outbound.now();
  const response = await genericTokenEndpointRequest(
    { issuer: new URL(token_endpoint).origin, token_endpoint },
    { client_id: client.client_id },
    clientAuthentication(client, settings),
    request.grant_type,
    written(request.parameters),
    { [customFetch]: settings.token_request_format === "json" ? asJson(send) : send },
  );
  return await readTokenReply(
    response,
    settings,
    sentSecrets(request.parameters, client),
    started,
    retryAfterSeconds(response, outbound.now()),
  );
}

/** The secrets of a request, which no error description may quote. */
export function sentSecrets(
  parameters: Readonly<Record<string, Secret | string>>,
  client: OAuthClient,
): readonly Secret[] {
  const secrets = Object.values(parameters).filter((value) => value instanceof Secret);
  return client.client_secret === null ? secrets : [...secrets, client.client_secret];
}

/** Parameters as they go into a body. */
export function written(
  parameters: Readonly<Record<string, Secret | string>>,
): URLSearchParams {
  return new URLSearchParams(
    Object.entries(parameters).map((
      [name, value],
    ) => [name, typeof value === "string" ? value : value.reveal()]),
  );
}

/** Sends the same parameters as a JSON object (Notion, Square, Auth0, …). */
export function asJson(send: GuardedFetch): GuardedFetch {
  return (url, init) => {
    const body = JSON.stringify(Object.fromEntries(init.body as URLSearchParams));
    const headers = { ...init.headers, "content-type": "application/json" };
    return send(url, { ...init, body, headers });
  };
}
