/**
 * The vault's file: made whole or not at all, and looked at before anything may write to it.
 *
 * Tables: `meta` (name, value: `schema_version`, `uid`), `data_key` (id, derivation, wrapped),
 * `record` (key, revision, sealed). A later version may add tables and columns; `meta` stays as it
 * is, so that every version can read the number and refuse what it does not know.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { MasterKeyError, StoreUnavailableError } from "../../core/errors.ts";
import { MIN_PASSPHRASE_LENGTH, passphraseLength } from "../../core/passphrase_rule.ts";
import { newDataKey, wrapDataKey } from "./data_key.ts";
import { publishFile, removeIfThere, syncFile } from "./durable_file.ts";
import { deriveWrappingKey, type MasterKey, newDerivation, showSource } from "./master_key.ts";
import { SCHEMA_VERSION } from "./seal.ts";

const RESTORE = "Restore it from a backup; it was left as it is";

const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE data_key (
  id INTEGER PRIMARY KEY,
  derivation TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE TABLE record (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
`;

/** Whether a vault is at `path`; a file of any kind counts, so that nothing is made over it. */
export function vaultFileExists(path: string): boolean {
  if (exists(path)) return true;
  if (exists(`${path}-wal`)) {
    throw new StoreUnavailableError(`Cannot open the vault ${path}: it is missing beside its log`, {
      hint: `Restore vault.db from a backup, or move ${path}-wal away to begin again`,
    });
  }
  return false;
}

/**
 * Makes a new vault under `master`, unless another process was faster. The file has its name only
 * once it is complete and on disk; what a crash leaves is `….new`, which the next start removes.
 *
 * @throws {MasterKeyError} when the key is a passphrase that is too short.
 */
export async function createVaultFile(path: string, master: MasterKey, now: Date): Promise<void> {
  const uid = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const derivation = newDerivation(master);
  if (derivation.type === "argon2id") checkPassphrase(master);
  const wrappingKey = await deriveWrappingKey(master, derivation, uid);
  const dataKey = newDataKey(1);
  const wrapped = wrapDataKey(wrappingKey, uid, dataKey);

  const temporary = `${path}.new`;
  for (const end of ["", "-wal", "-shm", "-journal"]) removeIfThere(temporary + end);
  // The mode counts from the first moment; SQLite gives its log files the same.
  Deno.openSync(temporary, { createNew: true, write: true, mode: 0o600 }).close();
  using database = new DatabaseSync(temporary);
  database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
  database.exec("PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; BEGIN IMMEDIATE;");
  database.exec(SCHEMA);
  const meta = database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  meta.run("schema_version", String(SCHEMA_VERSION));
  meta.run("uid", uid);
  database.prepare(
    "INSERT INTO data_key (id, derivation, wrapped, created_at) VALUES (?, ?, ?, ?)",
  ).run(dataKey.id, JSON.stringify(derivation), wrapped, now.toISOString());
  database.exec("COMMIT");
  // Closing moves the log into the file.
  database.close();
  syncFile(temporary);
  try {
    publishFile(temporary, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/**
 * Makes sure that the file is a whole vault of a version known here, without writing to it.
 *
 * @throws {StoreUnavailableError} when it is cut short, damaged, something else, or newer.
 */
export function checkVaultFile(path: string): void {
  checkLength(path);
  // Read-only, so that the log of a vault we cannot use is not merged into it on closing.
  using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  const { quick_check } = database.prepare("PRAGMA quick_check(1)").get()!;
  if (quick_check !== "ok") throw damaged(path, "it is damaged");
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'meta'").all();
  if (tables.length === 0) throw damaged(path, "it is a database, but no vault");
  const row = database.prepare("SELECT value FROM meta WHERE name = 'schema_version'").get();
  const version = Number(row?.value);
  if (version > SCHEMA_VERSION) {
    throw new StoreUnavailableError(
      `Cannot open the vault ${path}: it is from a newer authsome (schema version ${version})`,
      { hint: "Upgrade authsome; the vault was left as it is" },
    );
  }
  if (version !== SCHEMA_VERSION) throw damaged(path, "it says no schema version");
}

/**
 * SQLite's header (sqlite.org/fileformat.html section 1.3) says how long the file must be.
 *
 * Done before SQLite opens the file: closing any handle on it drops the locks that this process has
 * on it (fcntl(2)).
 */
function checkLength(path: string): void {
  const info = Deno.lstatSync(path);
  if (!info.isFile) throw damaged(path, "it is not a plain file");
  const header = new Uint8Array(100);
  using file = Deno.openSync(path, { read: true });
  const length = file.readSync(header) ?? 0;
  if (length < header.length) throw damaged(path, "it is cut short");
  if (new TextDecoder().decode(header.subarray(0, 16)) !== "SQLite format 3\0") {
    throw damaged(path, "it is no vault");
  }
  const view = new DataView(header.buffer);
  const pageSize = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  // A log that is not merged yet may hold the missing pages: then SQLite itself has to look.
  const logged = exists(`${path}-wal`) && Deno.lstatSync(`${path}-wal`).size > 0;
  if (!logged && info.size < view.getUint32(28) * pageSize) throw damaged(path, "it is cut short");
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function damaged(path: string, state: string): StoreUnavailableError {
  return new StoreUnavailableError(`Cannot open the vault ${path}: ${state}`, { hint: RESTORE });
}

/** A vault that is there opens with what it was made with, however short. */
function checkPassphrase(master: MasterKey): void {
  if (passphraseLength(master.secret) >= MIN_PASSPHRASE_LENGTH) return;
  throw new MasterKeyError(
    `Cannot make the vault: ${
      showSource(master.source)
    } has fewer than ${MIN_PASSPHRASE_LENGTH} characters`,
    { hint: "Take 32 random bytes in base64 (openssl rand -base64 32), or several words" },
  );
}
