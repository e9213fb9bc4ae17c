/**
 * The end of the audit log, remembered in the vault: so that a log that was cut off or replaced while
 * no daemon ran is noticed at the next start.
 *
 * It costs nothing of its own: whatever state change is written takes the head along in the same
 * batch. Besides, each checkpoint writes it.
 *
 * @module
 */
import type { ChainHead } from "../core/audit_chain.ts";
import type { AuditLog, RememberedHead } from "./audit_log.ts";
import type { Vault, VaultChange } from "./vault/vault.ts";

const AUDIT_HEAD = "server:audit_head";

/** The head that was remembered last; null in a new vault. */
export async function readAuditHead(vault: Vault): Promise<RememberedHead | null> {
  const kept = await vault.get(AUDIT_HEAD);
  if (kept === null) return null;
  const { seq, hash, closed = false } = JSON.parse(kept.value);
  return { seq, hash, closed };
}

/** Remembers that nothing follows the head: the daemon has stopped. @throws {StoreUnavailableError} */
export async function rememberEnd(log: AuditLog, vault: Vault): Promise<void> {
  await vault.write([change(log.head, true)]);
}

/** Signs the log's end and remembers it. @throws {StoreUnavailableError} */
export async function signAuditLog(log: AuditLog, vault: Vault): Promise<void> {
  log.checkpoint();
  await vault.write([change(log.head)]);
}

/** The vault, whose every write remembers the head of the log, too, where that has moved. */
export function rememberingVault(vault: Vault, head: () => ChainHead): Vault {
  let remembered = 0;
  return {
    get: (key, options) => vault.get(key, options),
    list: (prefix) => vault.list(prefix),
    keys: (prefix) => vault.keys(prefix),
    close: () => vault.close(),
    write: async (changes) => {
      const now = head();
      if (changes.length === 0 || now.seq === remembered) return await vault.write(changes);
      await vault.write([...changes, change(now)]);
      remembered = Math.max(remembered, now.seq);
    },
  };
}

function change({ seq, hash }: ChainHead, closed = false): VaultChange {
  return {
    type: "put",
    key: AUDIT_HEAD,
    value: JSON.stringify({ schema_version: 1, seq, hash, closed }),
  };
}
