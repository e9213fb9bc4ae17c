/**
 * A connection to test with.
 *
 * @module
 */
import type { Connection } from "../../../core/connection.ts";
import { Secret } from "../../../core/secret.ts";

/** Vault of the example. */
export const VAULT_ID = "vault_0123456789ab";

/** When the example's tests happen. */
export const NOW: Date = new Date("2026-03-01T12:00:00.000Z");

/** `NOW` and so many minutes. */
export function minutesLater(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * 60_000);
}

/** A connection of a provider, with what matters to the test. */
export function exampleConnection(
  provider: string,
  connection_name: string,
  changes: Partial<Connection> = {},
): Connection {
  return {
    schema_version: 2,
    provider,
    connection_name,
    identity: "steady-quietly-gently-0001",
    principal_id: "principal_0123456789ab",
    vault_id: VAULT_ID,
    auth_type: "oauth2",
    flow: "pkce",
    status: "connected",
    base_url: null,
    api_url: `api.${provider}.test`,
    scopes: ["read", "write"],
    secrets: {
      access_token: new Secret(`at-${connection_name}`),
      refresh_token: new Secret(`rt-${connection_name}`),
    },
    token_type: "Bearer",
    expires_at: minutesLater(60),
    obtained_at: NOW,
    account: { id: "42", label: "person@example.test" },
    metadata: { issuer: "https://issuer.test", nested: { list: [1, null] } },
    ...changes,
  };
}
