/**
 * What a connection must remember besides its tokens so that they can be refreshed and revoked later:
 * the client they are bound to, and endpoints that only discovery knew. Kept in the connection's
 * metadata under `oauth`; holds no secret.
 *
 * @module
 */
import { urlVariables } from "../../core/base_url.ts";
import type { ClientAuthenticationMethod, Flow, ProviderDefinition } from "../../core/provider.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { Secret } from "../../core/secret.ts";
import { fillTemplate } from "../../core/injection.ts";
import type { OAuthClient } from "./client_authentication.ts";
import { isObject } from "./reply_fields.ts";

/** Facts of an OAuth connection. */
export interface ConnectionFacts {
  /** The client that the tokens were issued to. */
  readonly client_id: string | null;
  readonly token_endpoint_auth_method: ClientAuthenticationMethod | null;
  /** Endpoints found by discovery; null: as the definition says. */
  readonly token_endpoint: string | null;
  readonly revocation_endpoint: string | null;
  readonly issuer: string | null;
  /** RFC 8707. */
  readonly resource: string | null;
}

/** A connection, or what will become one, as far as refreshing and revoking need it. */
export interface OAuthConnection {
  readonly provider: ProviderDefinition;
  readonly flow: Flow;
  readonly base_url: string | null;
  readonly scopes: readonly string[] | null;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The provider's client, kept server-wide. */
  readonly client: ProviderClient | null;
}

/** Facts as metadata. */
export function writeFacts(facts: ConnectionFacts): Readonly<Record<string, unknown>> {
  const known = Object.entries(facts).filter(([, value]) => value !== null);
  return known.length === 0 ? {} : { oauth: Object.fromEntries(known) };
}

/** Facts from metadata; what is missing or of another type is null. */
export function readFacts(metadata: Readonly<Record<string, unknown>>): ConnectionFacts {
  const kept = isObject(metadata["oauth"]) ? metadata["oauth"] : {};
  const text = (name: keyof ConnectionFacts): string | null => {
    const value = kept[name];
    return typeof value === "string" ? value : null;
  };
  const method = text("token_endpoint_auth_method");
  return {
    client_id: text("client_id"),
    token_endpoint_auth_method: isMethod(method) ? method : null,
    token_endpoint: text("token_endpoint"),
    revocation_endpoint: text("revocation_endpoint"),
    issuer: text("issuer"),
    resource: text("resource"),
  };
}

function isMethod(text: string | null): text is ClientAuthenticationMethod | null {
  return text === null || ["client_secret_post", "client_secret_basic", "none"].includes(text);
}

/**
 * The client that a connection's tokens are bound to; null when it is not known any more, because
 * the provider's client was replaced by another since.
 */
export function connectionClient(connection: OAuthConnection): OAuthClient | null {
  const facts = readFacts(connection.metadata);
  const { client, secrets } = connection;
  const { client_id, token_endpoint_auth_method } = facts;
  if (client_id === null || client?.client_id === client_id) return client;
  // Some connections bring their client's secret along; a public client needs none.
  const client_secret = Object.hasOwn(secrets, "client_secret") ? secrets["client_secret"]! : null;
  if (client_secret === null && token_endpoint_auth_method !== "none") return null;
  return { client_id, client_secret, token_endpoint_auth_method };
}

/** The definition's extra token parameters, with the base URL's parts and the fields filled in. */
export function extraTokenParameters(
  provider: ProviderDefinition,
  base_url: string | null,
  secrets: Readonly<Record<string, Secret>>,
): Readonly<Record<string, string>> {
  const values = { ...secrets, ...urlVariables(provider, base_url) };
  return Object.fromEntries(
    Object.entries(provider.oauth?.token_params ?? {})
      .map(([name, template]) => [name, fillTemplate(template, values)]),
  );
}
