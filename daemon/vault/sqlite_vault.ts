/**
 * The vault of a home: SQLite in WAL mode with `synchronous=FULL`, every value sealed.
 *
 * A write is one transaction and is on disk when it is acknowledged. Not encrypted are the records'
 * keys, their revisions and their number. See `docs/storage.md` for the whole format.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { DaemonBoot } from "../../core/boot.ts";
import {
  InvalidInputError,
  StoreUnavailableError,
  VaultConflictError,
  VaultSealError,
} from "../../core/errors.ts";
import { newDataKey, wrapDataKey } from "./data_key.ts";
import { checkIdentity, fileIdentity } from "./file_identity.ts";
import {
  readKeyCandidates,
  readOrCreateKeyFile,
  removeKeyRemnants,
  writeKeyCandidates,
} from "./key_file.ts";
import { KeptRows, type SealedRow } from "./kept_rows.ts";
import { checkKey, checkValue, endOfPrefix } from "./key_range.ts";
import { deriveWrappingKey, givenMasterKeys, type MasterKey, newDerivation } from "./master_key.ts";
import { isMasterKeyOf, openDataKeys, vaultUid } from "./open_data_keys.ts";
import { eraseOldCiphertext, needsErasure, replaceDataKey } from "./replace_data_key.ts";
import { type DataKey, seal, unseal } from "./seal.ts";
import { storeError } from "./store_error.ts";
import type { Vault, VaultChange, VaultGetOptions, VaultRecord } from "./vault.ts";
import { checkVaultFile, createVaultFile, vaultFileExists } from "./vault_file.ts";

/** What a vault is opened with. */
export interface SqliteVaultOptions {
  /** `server/vault.db`. */
  readonly path: string;
  /** `server/master.key`, read (or made, with a new vault) where the boot line gives no key. */
  readonly keyFilePath: string;
  readonly masterKey: DaemonBoot["master_key"];
  /** How long a write waits for another process, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Nobody else writes the file, so that sealed rows may be kept as they were read. */
  readonly isAlone?: boolean;
}

/**
 * Opens the vault, or makes it where there is none. Hold the single-instance lock before.
 *
 * @throws {MasterKeyError} when the master key is missing, unusable or not this vault's.
 * @throws {StoreUnavailableError} when the file is damaged, newer, or cannot be opened.
 */
export async function openSqliteVault(options: SqliteVaultOptions): Promise<SqliteVault> {
  const { path, keyFilePath, masterKey, busyTimeoutMs = 5000, isAlone = false } = options;
  try {
    const given = givenMasterKeys(masterKey);
    let masters: readonly MasterKey[];
    if (vaultFileExists(path)) {
      checkVaultFile(path);
      masters = given ?? readKeyCandidates(keyFilePath);
    } else {
      masters = given ?? [readOrCreateKeyFile(keyFilePath)];
      await createVaultFile(path, masters[0]!, new Date());
    }
    const database = openDatabase(path, busyTimeoutMs);
    try {
      const { dataKeys, master } = await openDataKeys(database, masters);
      if (given === null) settleKeyFile(keyFilePath, masters, master);
      if (needsErasure(database)) eraseOldCiphertext(database);
      const kept = isAlone ? new KeptRows() : null;
      return new SqliteVault(path, database, dataKeys, { master, kept });
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw storeError("open the vault", path, error);
  }
}

/** Ends a change of the master key that was cut short: only the key that opens the vault stays. */
function settleKeyFile(path: string, masters: readonly MasterKey[], master: number): void {
  if (masters.length > 1) writeKeyCandidates(path, [masters[master]!]);
  removeKeyRemnants(path);
}

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  database.exec(`
    PRAGMA journal_mode = WAL;
    -- Acknowledged means on disk: with NORMAL, a power cut loses the last commits.
    PRAGMA synchronous = FULL;
    -- macOS: fsync alone leaves the data in the drive's cache.
    PRAGMA fullfsync = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    -- A removed record is gone from the file, also for someone with the key.
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
  `);
  return database;
}

/** What came of {@linkcode SqliteVault.changeKeys}. */
export interface ChangedKeys {
  /** Records that were sealed anew. */
  readonly records: number;
  /** Id of the new data key. */
  readonly key_id: number;
}

/** The encrypted {@linkcode Vault} in a file; {@linkcode openSqliteVault} makes it. */
export class SqliteVault implements Vault {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** Which of the master keys it was opened with fits; 0 is the first. */
  readonly master: number;
  #dataKeys: ReadonlyMap<number, DataKey>;
  /** The newest data key seals; older ones only open. */
  #sealingKey: DataKey;
  /** Which file was opened: writes go to it alone. */
  readonly #identity: string | null;
  readonly #kept: KeptRows | null;
  #closed = false;

  /** Over an open database whose data keys are unwrapped, oldest first. */
  constructor(
    path: string,
    database: DatabaseSync,
    dataKeys: ReadonlyMap<number, DataKey>,
    { master = 0, kept = null }: { readonly master?: number; readonly kept?: KeptRows | null } = {},
  ) {
    this.#path = path;
    this.#identity = fileIdentity(path);
    this.master = master;
    this.#database = database;
    this.#dataKeys = dataKeys;
    this.#sealingKey = [...dataKeys.values()].at(-1)!;
    this.#statements = prepareStatements(database);
    this.#kept = kept;
  }

  /** See {@linkcode Vault.get}. */
  get(key: string, { anew = false }: VaultGetOptions = {}): Promise<VaultRecord | null> {
    return this.#answer("read the vault", () => {
      const kept = anew ? undefined : this.#kept?.get(key);
      const row = kept ?? this.#read(key);
      return row === undefined ? null : this.#open(key, row);
    });
  }

  /** See {@linkcode Vault.list}. */
  list(prefix: string): Promise<readonly VaultRecord[]> {
    return this.#answer("read the vault", () => {
      const { list, listToEnd } = this.#statements;
      const rows = underPrefix(prefix, list, listToEnd);
      return rows.map((row) => this.#open(String(row.key), row));
    });
  }

  /** See {@linkcode Vault.keys}. */
  keys(prefix: string): Promise<readonly string[]> {
    return this.#answer("read the vault", () => {
      const { keys, keysToEnd } = this.#statements;
      return underPrefix(prefix, keys, keysToEnd).map((row) => String(row.key));
    });
  }

  /** See {@linkcode Vault.write}. */
  write(changes: readonly VaultChange[]): Promise<void> {
    return this.#answer("write the vault", () => {
      if (changes.length === 0) return;
      checkIdentity(this.#path, this.#identity);
      this.#statements.begin.run();
      try {
        for (const change of changes) this.#apply(change);
        this.#statements.commit.run();
      } catch (error) {
        // A full disk may have rolled back already.
        if (this.#database.isTransaction) this.#statements.rollback.run();
        throw error;
      }
    });
  }

  /**
   * Changes both keys: a new data key seals every record, wrapped under `master`. One transaction;
   * killed at any moment, the vault opens with the old master key or with the new one, and every
   * record with it. What reads and writes meanwhile goes on.
   *
   * @throws {InvalidInputError} when `master` is the master key already.
   * @throws {VaultSealError} when a record does not open. @throws {StoreUnavailableError} when there
   * is no room. Nothing was changed then.
   */
  async changeKeys(master: MasterKey, now: Date): Promise<ChangedKeys> {
    if (await isMasterKeyOf(this.#database, master)) {
      throw new InvalidInputError("Cannot change the master key: the new one is the one in use");
    }
    const uid = vaultUid(this.#database);
    const derivation = newDerivation(master);
    const wrappingKey = await deriveWrappingKey(master, derivation, uid);
    return await this.#answer("change the keys of the vault", () => {
      checkIdentity(this.#path, this.#identity);
      const dataKey = newDataKey(this.#sealingKey.id + 1);
      const wrapped = wrapDataKey(wrappingKey, uid, dataKey);
      wrappingKey.fill(0);
      const row = {
        derivation: JSON.stringify(derivation),
        wrapped,
        created_at: now.toISOString(),
      };
      const records = replaceDataKey(this.#database, this.#dataKeys, dataKey, row);
      for (const { bytes } of this.#dataKeys.values()) bytes.fill(0);
      // Sealed under the old keys.
      this.#kept?.clear();
      this.#dataKeys = new Map([[dataKey.id, dataKey]]);
      this.#sealingKey = dataKey;
      return { records, key_id: dataKey.id };
    });
  }

  /** Takes what old keys had sealed out of the files; false when that must wait for the next start. */
  eraseOldCiphertext(): Promise<boolean> {
    return this.#answer("write the vault", () => eraseOldCiphertext(this.#database));
  }

  /** See {@linkcode Vault.close}. Moves the log into the file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
    for (const { bytes } of this.#dataKeys.values()) bytes.fill(0);
  }

  #read(key: string): SealedRow | undefined {
    checkKey(key);
    const row = this.#statements.get.get(key);
    if (row === undefined) this.#kept?.drop(key);
    else this.#kept?.keep(key, row);
    return row;
  }

  #apply(change: VaultChange): void {
    const { key, expected } = change;
    checkKey(key);
    // Also when the batch fails: the row is then read again.
    this.#kept?.drop(key);
    const current = Number(this.#statements.revision.get(key)?.revision ?? 0);
    if (expected !== undefined && expected !== current) {
      throw new VaultConflictError(`Cannot write ${key}: it was changed by someone else meanwhile`);
    }
    if (change.type === "delete") {
      if (current !== 0) this.#statements.remove.run(key);
      return;
    }
    checkValue(change.value);
    const revision = current === 0 ? firstRevision() : current + 1;
    const sealed = seal(this.#sealingKey, { key, revision }, change.value);
    this.#statements.put.run(key, revision, sealed);
  }

  #open(key: string, row: SealedRow): VaultRecord {
    const { revision, sealed } = row;
    if (typeof revision !== "number" || !(sealed instanceof Uint8Array)) {
      throw new VaultSealError(`Cannot open the record ${key}: its row was changed`);
    }
    return { key, revision, value: unseal(this.#dataKeys, { key, revision }, sealed) };
  }

  #answer<T>(what: string, work: () => T): Promise<T> {
    try {
      if (this.#closed) throw new StoreUnavailableError(`Cannot ${what}: it is closed`);
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(storeError(what, this.#path, error));
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const range = "WHERE key >= ? AND key < ? ORDER BY key";
  const toEnd = "WHERE key >= ? ORDER BY key";
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    rollback: database.prepare("ROLLBACK"),
    get: database.prepare("SELECT revision, sealed FROM record WHERE key = ?"),
    revision: database.prepare("SELECT revision FROM record WHERE key = ?"),
    put: database.prepare(
      "INSERT INTO record (key, revision, sealed) VALUES (?, ?, ?) " +
        "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed",
    ),
    remove: database.prepare("DELETE FROM record WHERE key = ?"),
    list: database.prepare(`SELECT key, revision, sealed FROM record ${range}`),
    listToEnd: database.prepare(`SELECT key, revision, sealed FROM record ${toEnd}`),
    keys: database.prepare(`SELECT key FROM record ${range}`),
    keysToEnd: database.prepare(`SELECT key FROM record ${toEnd}`),
  };
}

function underPrefix(
  prefix: string,
  range: StatementSync,
  toEnd: StatementSync,
): Record<string, unknown>[] {
  const end = endOfPrefix(prefix);
  return end === null ? toEnd.all(prefix) : range.all(prefix, end);
}

/**
 * Where a new record's revisions begin: at random, so that a record that was deleted and made again
 * meets nobody's `expected` of before (a refresh that outlived a logout and a login, say).
 */
function firstRevision(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return 1 + (high % 0x1_0000) * 0x1_0000_0000 + low;
}
