/**
 * The OAuth client of a provider: what a dynamic registration answered, or a person typed in.
 *
 * @module
 */
import type { ClientAuthenticationMethod } from "./provider.ts";
import type { Secret } from "./secret.ts";

/** OAuth client of a provider, kept server-wide (RFC 7591 words). */
export interface ProviderClient {
  readonly client_id: string;
  readonly client_secret: Secret | null;
  /** When a registration says that the secret ends (RFC 7591 section 3.2.1); null: never. */
  readonly client_secret_expires_at?: Date | null;
  readonly token_endpoint_auth_method: ClientAuthenticationMethod | null;
  readonly base_url: string | null;
  readonly scopes: readonly string[] | null;
  /** Redirect URI a dynamic registration was made for; null for a client typed in by a person. */
  readonly redirect_uri: string | null;
  /** RFC 7592, where offered. */
  readonly registration_client_uri: string | null;
  readonly registration_access_token: Secret | null;
}
