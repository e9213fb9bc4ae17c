/**
 * The vault: a small encrypted key-value store, and the only thing that knows how values are sealed.
 *
 * Keys are readable (`vault:<vault_id>:github:connection:work`); values are not. A write is durable
 * when its promise resolves. Revisions make changes safe against another process on the same store:
 * read a record, and write with the revision it had.
 *
 * @module
 */

/** A record as read. */
export interface VaultRecord {
  readonly key: string;
  readonly value: string;
  /** Grows with each write of this key. */
  readonly revision: number;
}

/** One change of a batch. */
export type VaultChange =
  | {
    readonly type: "put";
    readonly key: string;
    readonly value: string;
    /** Only if the record has this revision now; 0: only if there is none. */
    readonly expected?: number;
  }
  | { readonly type: "delete"; readonly key: string; readonly expected?: number };

/** How a record is read. */
export interface VaultGetOptions {
  /** From the store, also where the vault keeps what it read before, still sealed. */
  readonly anew?: boolean;
}

/** An encrypted key-value store. */
export interface Vault {
  /**
   * The record under `key`, or null.
   *
   * @throws {VaultSealError} when it does not open. @throws {StoreUnavailableError}
   */
  get(key: string, options?: VaultGetOptions): Promise<VaultRecord | null>;
  /** All records whose key starts with `prefix`, by key. Throws as {@linkcode Vault.get} does. */
  list(prefix: string): Promise<readonly VaultRecord[]>;
  /** The keys that start with `prefix`, in order, without opening a record. */
  keys(prefix: string): Promise<readonly string[]>;
  /**
   * Applies every change or none; on disk when the promise resolves.
   *
   * @throws {VaultConflictError} when an `expected` revision does not hold.
   * @throws {StoreUnavailableError} when nothing could be written (a full disk, say).
   */
  write(changes: readonly VaultChange[]): Promise<void>;
  /** Closes the store; the vault is not used afterwards. */
  close(): void;
}
