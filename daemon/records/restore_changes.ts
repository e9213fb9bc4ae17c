/**
 * The one batch that puts a backup in place of what a vault holds.
 *
 * @module
 */
import type { Connection } from "../../core/connection.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import type { BackupContent } from "./backup_content.ts";
import { stateChange } from "./connection_state.ts";
import { freshIndex } from "./fresh_index.ts";
import { providerClientChange } from "./provider_clients.ts";
import { CLIENT_PREFIX, providersKey, vaultPrefix } from "./record_key.ts";

/** Whose the restored connections are. */
export interface RestoreOwner {
  readonly principal_id: string;
  readonly vault_id: string;
}

/**
 * Everything to delete and to write, in one batch. Records that stay get another revision, so that
 * what was read before is not written back over them.
 */
export async function restoreChanges(
  vault: Vault,
  owner: RestoreOwner,
  content: BackupContent,
): Promise<readonly VaultChange[]> {
  const { vault_id } = owner;
  const puts = new Map<string, string>();
  for (const [provider, connections] of byProvider(owner, content)) {
    const standard = content.defaults.find((one) => one.provider === provider) ?? null;
    for (const [key, value] of freshIndex(vault_id, provider, connections, standard)) {
      puts.set(key, value);
    }
  }
  const providers = [...new Set(content.connections.map(({ provider }) => provider))].sort();
  if (providers.length > 0) {
    puts.set(providersKey(vault_id), JSON.stringify({ schema_version: 1, providers }));
  }
  for (const change of [...states(vault_id, content), ...clients(content)]) {
    if (change.type === "put") puts.set(change.key, change.value);
  }
  const before = [...await vault.keys(vaultPrefix(vault_id)), ...await vault.keys(CLIENT_PREFIX)];
  return [
    ...before.filter((key) => !puts.has(key)).map((key) => ({ type: "delete", key } as const)),
    ...Array.from(puts, ([key, value]) => ({ type: "put", key, value } as const)),
  ];
}

function byProvider(
  owner: RestoreOwner,
  { connections }: BackupContent,
): ReadonlyMap<string, readonly Connection[]> {
  const all = new Map<string, Connection[]>();
  for (const connection of connections) {
    const { principal_id, vault_id } = owner;
    const owned: Connection = { ...connection, principal_id, vault_id };
    const others = all.get(connection.provider);
    if (others === undefined) all.set(connection.provider, [owned]);
    else others.push(owned);
  }
  return all;
}

function states(vaultId: string, { states }: BackupContent): VaultChange[] {
  return states.map(({ state, ...ref }) => stateChange(vaultId, ref, state));
}

function clients({ clients }: BackupContent): VaultChange[] {
  return clients.map(({ provider, client }) => providerClientChange(provider, client));
}
