/**
 * What a backup holds: connections, defaults, how refreshes went, OAuth clients, custom definitions.
 *
 * Not in it: who may sign here (identities, grants, sessions), for a backup carries credentials and
 * not the right to use a machine; what is under way (journals of refreshes); the audit log's key. Nor
 * the ids of owner and vault: what is restored belongs to the home it is restored to.
 *
 * @module
 */
import type { BackupFacts } from "../../core/api.ts";
import type { Connection } from "../../core/connection.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { Vault, VaultRecord } from "../vault/vault.ts";
import { decodeConnection } from "./connection_codec.ts";
import { type ConnectionState, decodeState } from "./connection_state.ts";
import { readHead } from "./connection_index.ts";
import { decodeProviderClient } from "./provider_clients.ts";
import { CLIENT_PREFIX, vaultPrefix } from "./record_key.ts";

/** A connection, whosever it is. */
export type HomelessConnection = Omit<Connection, "principal_id" | "vault_id">;

/** See the module. */
export interface BackupContent {
  readonly created_at: Date;
  /** Version of authsome that made it. */
  readonly version: string;
  readonly connections: readonly HomelessConnection[];
  /** Each provider's default connection, and since when it is. */
  readonly defaults: readonly {
    readonly provider: string;
    readonly connection: string;
    readonly since: Date;
  }[];
  readonly states: readonly {
    readonly provider: string;
    readonly connection: string;
    readonly state: ConnectionState;
  }[];
  readonly clients: readonly { readonly provider: string; readonly client: ProviderClient }[];
  readonly definitions: readonly ProviderDefinition[];
}

/** Everything of the vault that belongs into a backup, as it is at one moment. */
export async function readBackupContent(
  vault: Vault,
  vaultId: string,
): Promise<Pick<BackupContent, "connections" | "defaults" | "states" | "clients">> {
  const prefix = vaultPrefix(vaultId);
  // Asked for together: nothing is written between two reads that begin at once.
  const [records, clients] = await Promise.all([vault.list(prefix), vault.list(CLIENT_PREFIX)]);
  const content = { connections: [], defaults: [], states: [], clients: [] } as {
    -readonly [K in "connections" | "defaults" | "states" | "clients"]: BackupContent[K][number][];
  };
  for (const record of records) {
    const [provider = "", kind, name] = record.key.slice(prefix.length).split(":");
    if (kind === "connection") {
      const { principal_id: _, vault_id: __, ...kept } = decodeConnection(record.value).connection;
      content.connections.push(kept);
    } else if (kind === "metadata" && name === undefined) {
      content.defaults.push(...defaultOf(record));
    } else if (kind === "state" && name !== undefined) {
      content.states.push({ provider, connection: name, state: decodeState(record.value) });
    }
  }
  for (const { key, value } of clients) {
    const provider = key.slice(CLIENT_PREFIX.length).split(":")[0]!;
    content.clients.push({ provider, client: decodeProviderClient(value) });
  }
  return content;
}

/** What may be told of a backup to whoever opened it. */
export function factsOf(content: BackupContent): BackupFacts {
  const providers: Record<string, number> = {};
  for (const { provider } of content.connections) {
    providers[provider] = (providers[provider] ?? 0) + 1;
  }
  return {
    created_at: content.created_at.toISOString(),
    version: content.version,
    providers,
    connections: content.connections.length,
    renewable: content.connections.filter(({ secrets }) => "refresh_token" in secrets).length,
    clients: content.clients.map(({ provider }) => provider),
    definitions: content.definitions.map(({ name }) => name),
  };
}

function defaultOf(record: VaultRecord): BackupContent["defaults"] {
  const { provider, default_since, default_summary } = readHead(record);
  if (default_since === null || default_summary === null) return [];
  const connection = default_summary.connection_name;
  return [{ provider, connection, since: new Date(default_since) }];
}
