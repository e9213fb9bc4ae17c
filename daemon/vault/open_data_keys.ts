/**
 * Opening a vault's data keys with its master key, where more than one key may be the master key: a
 * change of it that was cut short leaves the old and the new one, and the vault alone says which.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { MasterKeyError } from "../../core/errors.ts";
import { unwrapDataKey } from "./data_key.ts";
import { deriveWrappingKey, type MasterKey, showSource } from "./master_key.ts";
import type { DataKey } from "./seal.ts";

/** What was opened, and with which of the master keys. */
export interface OpenedDataKeys {
  /** By id, oldest first. */
  readonly dataKeys: ReadonlyMap<number, DataKey>;
  /** Index into the master keys that were tried. */
  readonly master: number;
}

/**
 * Every data key of the vault, by the first of `masters` that opens them all.
 *
 * @throws {MasterKeyError} when none does.
 */
export async function openDataKeys(
  database: DatabaseSync,
  masters: readonly MasterKey[],
): Promise<OpenedDataKeys> {
  let failure: unknown;
  for (const [index, master] of masters.entries()) {
    try {
      const dataKeys = await unwrapAll(database, master);
      if (dataKeys !== null) return { dataKeys, master: index };
    } catch (error) {
      if (!(error instanceof MasterKeyError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  throw new MasterKeyError(
    `Cannot open the vault: ${
      showSource(masters[0]!.source)
    } is not the master key it was made with`,
    { hint: "Give the key this vault was made with; nothing was changed" },
  );
}

/** Whether `master` opens the vault's data keys. */
export async function isMasterKeyOf(database: DatabaseSync, master: MasterKey): Promise<boolean> {
  try {
    return await unwrapAll(database, master) !== null;
  } catch (error) {
    if (error instanceof MasterKeyError) return false;
    throw error;
  }
}

/** The vault's id, which wrapped keys are bound to. */
export function vaultUid(database: DatabaseSync): string {
  return String(database.prepare("SELECT value FROM meta WHERE name = 'uid'").get()?.value);
}

/** The data keys; null when one of them was wrapped under another master key. */
async function unwrapAll(
  database: DatabaseSync,
  master: MasterKey,
): Promise<ReadonlyMap<number, DataKey> | null> {
  const uid = vaultUid(database);
  const rows = database.prepare("SELECT id, derivation, wrapped FROM data_key ORDER BY id").all();
  if (rows.length === 0) throw new MasterKeyError("Cannot open the vault: it has no data key");
  const keys = new Map<number, DataKey>();
  // One derivation costs a passphrase 150 ms; data keys usually share it.
  const wrappingKeys = new Map<string, Uint8Array>();
  for (const row of rows) {
    const derivation = String(row.derivation);
    const wrappingKey = wrappingKeys.get(derivation) ??
      await deriveWrappingKey(master, JSON.parse(derivation), uid);
    wrappingKeys.set(derivation, wrappingKey);
    const dataKey = unwrapDataKey(wrappingKey, uid, Number(row.id), row.wrapped as Uint8Array);
    if (dataKey === null) return null;
    keys.set(dataKey.id, dataKey);
  }
  return keys;
}
