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
import type { Connection, ConnectionRef } from "../../core/connection.ts";
import { VaultSealError } from "../../core/errors.ts";
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

/** What of a backup is in the vault. */
export type KeptContent = Pick<BackupContent, "connections" | "defaults" | "states" | "clients">;

/**
 * Everything of the vault that belongs into a backup, as it is at one moment.
 *
 * @throws {VaultSealError} when a record does not open.
 */
export async function readBackupContent(vault: Vault, vaultId: string): Promise<KeptContent> {
  // Asked for together: nothing is written between two reads that begin at once.
  const [records, clients] = await Promise.all([
    vault.list(vaultPrefix(vaultId)),
    vault.list(CLIENT_PREFIX),
  ]);
  return toContent(vaultId, records, clients);
}

/** The same without the records that do not open, and their keys. */
export async function salvageBackupContent(
  vault: Vault,
  vaultId: string,
): Promise<{ readonly content: KeptContent; readonly broken: readonly string[] }> {
  const broken: string[] = [];
  const openAll = async (prefix: string) => {
    const records: VaultRecord[] = [];
    for (const key of await vault.keys(prefix)) {
      try {
        const record = await vault.get(key);
        if (record !== null) records.push(record);
      } catch (error) {
        if (!(error instanceof VaultSealError)) throw error;
        broken.push(key);
      }
    }
    return records;
  };
  const records = await openAll(vaultPrefix(vaultId));
  const { connections, defaults, states, clients } = toContent(
    vaultId,
    records,
    await openAll(CLIENT_PREFIX),
  );
  const opened = new Set(connections.map((one) => `${one.provider} ${one.connection_name}`));
  const isOpened = ({ provider, connection }: Pick<ConnectionRef, "provider" | "connection">) =>
    opened.has(`${provider} ${connection}`);
  const content = {
    connections,
    defaults: defaults.filter(isOpened),
    states: states.filter(isOpened),
    clients,
  };
  return { content, broken };
}

/** How many connections and clients there are, and of which providers; opens nothing. */
export async function countKept(vault: Vault, vaultId: string): Promise<{
  readonly providers: readonly string[];
  readonly connections: number;
  readonly clients: number;
}> {
  const prefix = vaultPrefix(vaultId);
  const places = (await vault.keys(prefix)).map((key) => key.slice(prefix.length).split(":"));
  const connections = places.filter(([, kind]) => kind === "connection");
  return {
    providers: [...new Set(connections.map(([provider]) => provider!))],
    connections: connections.length,
    clients: (await vault.keys(CLIENT_PREFIX)).length,
  };
}

function toContent(
  vaultId: string,
  records: readonly VaultRecord[],
  clients: readonly VaultRecord[],
): KeptContent {
  const prefix = vaultPrefix(vaultId);
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
