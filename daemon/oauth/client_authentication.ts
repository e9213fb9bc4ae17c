/**
 * How the client shows at the token endpoint who it is (RFC 6749 section 2.3).
 *
 * Not implemented: JWT assertions and mutual TLS (RFC 7523, RFC 8705).
 *
 * @module
 */
import { type ClientAuth, ClientSecretPost, None } from "oauth4webapi";
import type { ClientAuthenticationMethod, OAuthSettings } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";

/** An OAuth client, as far as requests need it. */
export interface OAuthClient {
  readonly client_id: string;
  readonly client_secret: Secret | null;
  /** What a registration answered; null: what the definition says. */
  readonly token_endpoint_auth_method: ClientAuthenticationMethod | null;
}

/** The method for this client: the registration's word, then the definition's. */
export function authenticationMethod(
  client: OAuthClient,
  settings: Pick<OAuthSettings, "token_endpoint_auth_method" | "secretless_authentication">,
): ClientAuthenticationMethod {
  if (client.client_secret === null || client.client_secret.isEmpty) {
    return settings.secretless_authentication ?? "none";
  }
  const method = client.token_endpoint_auth_method ?? settings.token_endpoint_auth_method;
  // A person typed a secret although the definition expects a public client: it is there to be used.
  return method === "none" && client.token_endpoint_auth_method === null
    ? "client_secret_post"
    : method;
}

/** Client authentication as oauth4webapi takes it. */
export function clientAuthentication(
  client: OAuthClient,
  settings: Pick<OAuthSettings, "token_endpoint_auth_method" | "secretless_authentication">,
): ClientAuth {
  const secret = client.client_secret?.reveal() ?? "";
  const method = authenticationMethod(client, settings);
  switch (method) {
    case "client_secret_post":
      return ClientSecretPost(secret);
    case "client_secret_basic":
      return (_server, { client_id }, _body, headers) => {
        headers.set("authorization", basicAuthorization(client_id, secret));
      };
    case "none":
      return None();
  }
  return method satisfies never;
}

/**
 * `Basic …` with both halves form-encoded (RFC 6749 section 2.3.1 and appendix B).
 *
 * Our own and not oauth4webapi's, which also escapes `-`, `.` and `_`. That is the same to a server
 * that decodes, but many do not, and most client ids hold a dash.
 */
export function basicAuthorization(client_id: string, client_secret: string): string {
  return `Basic ${btoa(`${formEncode(client_id)}:${formEncode(client_secret)}`)}`;
}

function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
