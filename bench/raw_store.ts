/**
 * Raw `node:sqlite` with the vault's pragmas and, with a data key, its cipher: what the vault and a
 * refresh are measured against.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** What one would write by hand: no revisions to check, no errors to tell apart, no batches. */
export class RawStore {
  readonly #database: DatabaseSync;
  readonly #put;
  readonly #get;
  readonly #dataKey: Uint8Array | null;

  /** Makes it at `path`; without a data key it keeps everything in clear. */
  constructor(path: string, dataKey: Uint8Array | null) {
    this.#dataKey = dataKey;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      CREATE TABLE record (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL) STRICT;
    `);
    this.#put = this.#database.prepare(
      "INSERT INTO record (key, revision, value) VALUES (?, 1, ?) ON CONFLICT (key) " +
        "DO UPDATE SET revision = revision + 1, value = excluded.value",
    );
    this.#get = this.#database.prepare("SELECT revision, value FROM record WHERE key = ?");
  }

  /** Keeps a value; on disk when this returns. */
  put(key: string, value: string): void {
    this.#put.run(key, this.#dataKey === null ? encoder.encode(value) : this.#seal(key, value));
  }

  /** The value that was put. */
  get(key: string): string {
    const value = this.#get.get(key)!.value as Uint8Array;
    return this.#dataKey === null ? decoder.decode(value) : this.#open(key, value);
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  #seal(key: string, value: string): Uint8Array {
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const cipher = createCipheriv("aes-256-gcm", this.#dataKey!, nonce);
    cipher.setAAD(encoder.encode(key));
    const text = cipher.update(value, "utf8");
    cipher.final();
    const tag = cipher.getAuthTag();
    const sealed = new Uint8Array(28 + text.length);
    sealed.set(nonce);
    sealed.set(tag, 12);
    sealed.set(text, 28);
    return sealed;
  }

  #open(key: string, sealed: Uint8Array): string {
    const decipher = createDecipheriv("aes-256-gcm", this.#dataKey!, sealed.subarray(0, 12));
    decipher.setAAD(encoder.encode(key));
    decipher.setAuthTag(sealed.subarray(12, 28));
    const text = decipher.update(sealed.subarray(28), undefined, "utf8");
    return text + decipher.final("utf8");
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
