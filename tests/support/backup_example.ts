/**
 * Content for backups: connections of several providers with their defaults, how refreshes went,
 * clients, definitions; different for each letter, so that a mixture of two is seen.
 *
 * @module
 */
import type { ProviderDefinition } from "../../core/provider.ts";
import { parseProvider } from "../../core/provider_schema.ts";
import { Secret } from "../../core/secret.ts";
import type { BackupContent, HomelessConnection } from "../../daemon/records/backup_content.ts";

const MADE = new Date("2026-02-01T08:00:00.000Z");

/** A backup's content; `count` connections of each of its providers. */
export function exampleBackup(letter: string, count = 40): BackupContent {
  // One name that every example has, one that only this one has.
  const definitions = [
    exampleDefinition("shared", letter),
    exampleDefinition(`own-${letter}`, letter),
  ];
  const providers = definitions.map(({ name }) => name);
  return {
    created_at: MADE,
    version: "0.0.0-test",
    connections: providers.flatMap((provider) =>
      Array.from({ length: count }, (_, i) => exampleHomeless(provider, `c${i}`, letter))
    ),
    defaults: providers.map((provider) => ({ provider, connection: "c1", since: MADE })),
    states: providers.map((provider) => ({
      provider,
      connection: "c0",
      state: { last_refresh_at: MADE, last_refresh_error: `from ${letter}`, last_failure_at: null },
    })),
    clients: [{
      provider: `own-${letter}`,
      client: {
        client_id: `client-${letter}`,
        client_secret: new Secret(`client-secret-${letter}`),
        token_endpoint_auth_method: "client_secret_basic",
        base_url: null,
        scopes: ["read"],
        redirect_uri: null,
        registration_client_uri: null,
        registration_access_token: null,
      },
    }],
    definitions,
  };
}

/** A definition whose hosts say whose it is. */
export function exampleDefinition(name: string, letter: string): ProviderDefinition {
  return parseProvider({
    name,
    display_name: `${name} of ${letter}`,
    auth_type: "api_key",
    hosts: [`api.${letter}.test`],
    injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
    fields: [{ name: "api_key", label: "API key", secret: true }],
  });
}

function exampleHomeless(provider: string, name: string, letter: string): HomelessConnection {
  return {
    schema_version: 2,
    provider,
    connection_name: name,
    identity: "calm-quietly-softly-0001",
    auth_type: "api_key",
    flow: "api_key",
    status: "connected",
    base_url: null,
    api_url: `api.${letter}.test`,
    scopes: null,
    secrets: { api_key: new Secret(`key-of-${letter}-${provider}-${name}`) },
    token_type: null,
    expires_at: null,
    obtained_at: MADE,
    account: { id: letter, label: null },
    metadata: { letter, nested: { list: [1, null] } },
  };
}
