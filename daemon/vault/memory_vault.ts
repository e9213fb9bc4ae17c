/**
 * A vault that lives in memory, for tests and for trying things: the same answers as the real one,
 * nothing sealed, nothing kept.
 *
 * @module
 */
import { StoreUnavailableError, VaultConflictError } from "../../core/errors.ts";
import { checkKey, checkValue, compareKeys } from "./key_range.ts";
import type { Vault, VaultChange, VaultRecord } from "./vault.ts";

/** A {@linkcode Vault} without a file. */
export class MemoryVault implements Vault {
  #records = new Map<string, VaultRecord>();
  /** One count for all keys, so that a record made again never has an earlier one's revision. */
  #revision = 0;
  #closed = false;

  /** See {@linkcode Vault.get}. */
  get(key: string): Promise<VaultRecord | null> {
    return this.#answer(() => {
      checkKey(key);
      return this.#records.get(key) ?? null;
    });
  }

  /** See {@linkcode Vault.list}. */
  list(prefix: string): Promise<readonly VaultRecord[]> {
    return this.#answer(() => this.#under(prefix));
  }

  /** See {@linkcode Vault.keys}. */
  keys(prefix: string): Promise<readonly string[]> {
    return this.#answer(() => this.#under(prefix).map((record) => record.key));
  }

  /** See {@linkcode Vault.write}. */
  write(changes: readonly VaultChange[]): Promise<void> {
    return this.#answer(() => {
      const after = new Map(this.#records);
      let revision = this.#revision;
      for (const change of changes) {
        checkKey(change.key);
        const current = after.get(change.key)?.revision ?? 0;
        if (change.expected !== undefined && change.expected !== current) {
          throw new VaultConflictError(
            `Cannot write ${change.key}: it was changed by someone else meanwhile`,
          );
        }
        if (change.type === "delete") {
          after.delete(change.key);
        } else {
          checkValue(change.value);
          const { key, value } = change;
          after.set(key, { key, value, revision: ++revision });
        }
      }
      this.#records = after;
      this.#revision = revision;
    });
  }

  /** See {@linkcode Vault.close}. */
  close(): void {
    this.#closed = true;
    this.#records.clear();
  }

  #under(prefix: string): VaultRecord[] {
    return [...this.#records.values()]
      .filter((record) => record.key.startsWith(prefix))
      .sort((a, b) => compareKeys(a.key, b.key));
  }

  #answer<T>(work: () => T): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new StoreUnavailableError("Cannot use the vault: it is closed"));
    }
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
