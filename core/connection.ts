/**
 * A connection: one named login to a provider, and what is kept of it.
 *
 * @module
 */
import type { AuthType, Flow } from "./provider.ts";
import type { Secret } from "./secret.ts";

/** Which connection. */
export interface ConnectionRef {
  readonly provider: string;
  readonly connection: string;
}

/** `github/work`, as people read it. */
export function showRef(ref: ConnectionRef): string {
  return `${ref.provider}/${ref.connection}`;
}

/** `connected` works; `needs_reauth` wants a new login; the others are the reference's words. */
export type ConnectionStatus = "connected" | "expired" | "revoked" | "invalid" | "needs_reauth";

/** Whose account it is at the provider. */
export interface Account {
  readonly id: string | null;
  readonly label: string | null;
}

/** Everything kept of a connection, secrets included. Sealed in the vault. */
export interface Connection {
  readonly schema_version: 2;
  readonly provider: string;
  readonly connection_name: string;
  /** Handle of the identity that logged in. */
  readonly identity: string;
  readonly principal_id: string;
  readonly vault_id: string;
  readonly auth_type: AuthType;
  readonly flow: Flow;
  readonly status: ConnectionStatus;
  readonly base_url: string | null;
  readonly api_url: string | null;
  /** Granted scopes; null when the provider has none. */
  readonly scopes: readonly string[] | null;
  /** `access_token`, `refresh_token`, `api_key`, or the definition's field names. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly token_type: string | null;
  readonly expires_at: Date | null;
  readonly obtained_at: Date;
  readonly account: Account;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What lists show of a connection; kept beside the others of its provider. Holds no secret. */
export interface ConnectionSummary {
  readonly connection_name: string;
  readonly auth_type: AuthType;
  readonly flow: Flow;
  readonly status: ConnectionStatus;
  readonly scopes: readonly string[] | null;
  readonly base_url: string | null;
  readonly api_url: string | null;
  readonly expires_at: Date | null;
  readonly obtained_at: Date;
  readonly account: Account;
}

/** The connections of one provider: the index that lists, routes and defaults are read from. */
export interface ProviderConnections {
  readonly provider: string;
  readonly default_connection: string | null;
  /** When that connection became the default; decides between providers that share a host. */
  readonly default_since: Date | null;
  /** How many there are; a list may hold fewer of them. */
  readonly connection_count: number;
  readonly connections: readonly ConnectionSummary[];
}

/** The part of a connection that lists show. */
export function summarize(connection: Connection): ConnectionSummary {
  return {
    connection_name: connection.connection_name,
    auth_type: connection.auth_type,
    flow: connection.flow,
    status: connection.status,
    scopes: connection.scopes,
    base_url: connection.base_url,
    api_url: connection.api_url,
    expires_at: connection.expires_at,
    obtained_at: connection.obtained_at,
    account: connection.account,
  };
}
