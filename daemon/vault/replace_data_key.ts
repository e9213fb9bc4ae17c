/**
 * Seals every record anew under a new data key and forgets the old ones: one transaction, then what
 * the old key had sealed is taken out of the files.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { type DataKey, seal, unseal } from "./seal.ts";

/** A row of `data_key`. */
export interface DataKeyRow {
  readonly derivation: string;
  readonly wrapped: Uint8Array;
  readonly created_at: string;
}

/** Row of `meta` that says: what old keys sealed may still be in the files. */
const ERASE = "erase";

/**
 * Replaces all data keys by `dataKey`; gives the number of records. Revisions stay, so that whoever
 * read a record before may still write it.
 *
 * @throws {VaultSealError} when a record does not open. Whatever is thrown, nothing was changed.
 */
export function replaceDataKey(
  database: DatabaseSync,
  dataKeys: ReadonlyMap<number, DataKey>,
  dataKey: DataKey,
  row: DataKeyRow,
): number {
  database.exec("BEGIN IMMEDIATE");
  try {
    const rows = database.prepare("SELECT key, revision, sealed FROM record ORDER BY key").all();
    const records = rows.map(({ key, revision, sealed }) => {
      const place = { key: String(key), revision: Number(revision) };
      return { place, sealed: seal(dataKey, place, unseal(dataKeys, place, sealed as Uint8Array)) };
    });
    // Emptied and filled, not updated: then every page becomes free and `secure_delete` overwrites it
    // whole, whatever SQLite may have left between its cells when it put it together.
    database.exec("DELETE FROM record");
    const put = database.prepare("INSERT INTO record (key, revision, sealed) VALUES (?, ?, ?)");
    for (const { place, sealed } of records) put.run(place.key, place.revision, sealed);
    database.exec("DELETE FROM data_key");
    database.prepare(
      "INSERT INTO data_key (id, derivation, wrapped, created_at) VALUES (?, ?, ?, ?)",
    ).run(dataKey.id, row.derivation, row.wrapped, row.created_at);
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, '1')").run(ERASE);
    database.exec("COMMIT");
    return records.length;
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Whether a replacement was cut short before the files were cleaned. */
export function needsErasure(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM meta WHERE name = ?").get(ERASE) !== undefined;
}

/**
 * Takes what old keys had sealed out of the log, by moving the log into the file. False when there was
 * no room for it, or another process was reading; the next start tries again.
 */
export function eraseOldCiphertext(database: DatabaseSync): boolean {
  try {
    const { busy } = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()!;
    if (busy !== 0) return false;
    database.prepare("DELETE FROM meta WHERE name = ?").run(ERASE);
    return true;
  } catch (error) {
    // Full, busy, read-only: the records are sealed anew and safe in any case.
    if ((error as { readonly code?: unknown }).code === "ERR_SQLITE_ERROR") return false;
    throw error;
  }
}
