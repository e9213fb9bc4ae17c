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
  const record = database.prepare("SELECT revision, sealed FROM record WHERE key = ?");
  const put = database.prepare("UPDATE record SET sealed = ? WHERE key = ?");
  database.exec("BEGIN IMMEDIATE");
  try {
    // All keys first: a row that is written while rows are read might be met twice.
    const keys = database.prepare("SELECT key FROM record").all().map(({ key }) => String(key));
    for (const key of keys) {
      const { revision, sealed } = record.get(key)!;
      const place = { key, revision: Number(revision) };
      const value = unseal(dataKeys, place, sealed as Uint8Array);
      put.run(seal(dataKey, place, value), key);
    }
    database.exec("DELETE FROM data_key");
    database.prepare(
      "INSERT INTO data_key (id, derivation, wrapped, created_at) VALUES (?, ?, ?, ?)",
    ).run(dataKey.id, row.derivation, row.wrapped, row.created_at);
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, '1')").run(ERASE);
    database.exec("COMMIT");
    return keys.length;
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
 * Rewrites the file without its free places and empties the log: `secure_delete` alone leaves copies
 * in the log, and in pages that SQLite had put together anew. False when there was no room for it, or
 * another process was reading; the next start tries again.
 */
export function eraseOldCiphertext(database: DatabaseSync): boolean {
  try {
    database.exec("VACUUM");
    const { busy } = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()!;
    if (busy !== 0) return false;
    database.prepare("DELETE FROM meta WHERE name = ?").run(ERASE);
    return true;
  } catch (error) {
    // Full, busy, read-only: the records are safe and sealed anew in any case.
    if (error instanceof Error && "errcode" in error) return false;
    throw error;
  }
}
