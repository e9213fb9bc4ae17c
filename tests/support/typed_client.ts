/**
 * An OAuth client as a person types it in: an id, a secret, and nothing that a registration says.
 *
 * @module
 */
import type { ProviderClient } from "../../core/provider_client.ts";
import { Secret } from "../../core/secret.ts";

/** The client. */
export function typedClient(client_id: string, client_secret: string | null): ProviderClient {
  return {
    client_id,
    client_secret: client_secret === null ? null : new Secret(client_secret),
    token_endpoint_auth_method: null,
    base_url: null,
    scopes: null,
    redirect_uri: null,
    registration_client_uri: null,
    registration_access_token: null,
  };
}
