/**
 * The names of the providers that have connections in a vault. Written only when a provider gets its
 * first connection or loses its last, so that listing costs one read for each provider however many
 * connections there are.
 *
 * @module
 */
import type { Vault, VaultChange } from "../vault/vault.ts";
import { providersKey } from "./record_key.ts";

/** Names of the providers that have connections, in order. */
export async function connectedProviders(
  vault: Vault,
  vaultId: string,
): Promise<readonly string[]> {
  const record = await vault.get(providersKey(vaultId));
  return record === null ? [] : JSON.parse(record.value).providers;
}

/** The change that adds or takes away a name; only if the record is still as it was read. */
export async function directoryChange(
  vault: Vault,
  vaultId: string,
  provider: string,
  action: "add" | "remove",
): Promise<VaultChange> {
  const key = providersKey(vaultId);
  const record = await vault.get(key);
  const before: string[] = record === null ? [] : JSON.parse(record.value).providers;
  const others = before.filter((name) => name !== provider);
  const providers = action === "add" ? [...others, provider].sort() : others;
  const expected = record?.revision ?? 0;
  return providers.length === 0
    ? { type: "delete", key, expected }
    : { type: "put", key, value: JSON.stringify({ schema_version: 1, providers }), expected };
}
