/**
 * Definition files that a restore has still to write or remove.
 *
 * Definitions are files and connections are records; a process that dies between the two would leave
 * one backup's credentials under another's hosts. So the files' part is written down in the batch
 * that replaces the records, and done again by the next start when it was not done.
 *
 * @module
 */
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import { RESTORE_KEY } from "./record_key.ts";

/** What is to be done to the files. */
export interface PendingDefinitions {
  readonly save: readonly ProviderDefinition[];
  /** Names. */
  readonly remove: readonly string[];
}

/** Where files are written and removed; see `CustomProviders`. */
export interface DefinitionFiles {
  save(definition: ProviderDefinition): void;
  remove(name: string): void;
}

/** Writes it down, as part of a batch. */
export function pendingDefinitionsChange(pending: PendingDefinitions): VaultChange {
  const value = JSON.stringify({ schema_version: 1, ...pending });
  return { type: "put", key: RESTORE_KEY, value };
}

/**
 * Does what is written down, and then forgets it; gives whether there was anything. Doing it twice
 * does no harm.
 *
 * @throws {StoreUnavailableError} when a file cannot be written: it stays written down.
 */
export async function applyPendingDefinitions(
  vault: Vault,
  files: DefinitionFiles,
): Promise<boolean> {
  const record = await vault.get(RESTORE_KEY);
  if (record === null) return false;
  const { save, remove }: PendingDefinitions = JSON.parse(record.value);
  for (const definition of save) files.save(definition);
  for (const name of remove) files.remove(name);
  const { revision: expected } = record;
  await vault.write([{ type: "delete", key: RESTORE_KEY, expected }]);
  return true;
}
