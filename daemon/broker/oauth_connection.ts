/**
 * A connection as `daemon/oauth` takes it: with its definition and its provider's client, and with
 * the way to its endpoints open.
 *
 * @module
 */
import type { Connection } from "../../core/connection.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { OAuthConnection } from "../oauth/connection_facts.ts";

/** Puts the parts together. */
export function oauthConnection(
  connection: Connection,
  provider: ProviderDefinition,
  client: ProviderClient | null,
): OAuthConnection {
  const { flow, base_url, scopes, secrets, metadata } = connection;
  return { provider, flow, base_url, scopes, secrets, metadata, client };
}
