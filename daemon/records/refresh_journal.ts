/**
 * The journal of a connection's refreshes: the intent is written before the token endpoint is called,
 * so that a refresh cut short by a crash is known, and so that of all processes on one vault only one
 * calls at a time. After failures it holds how long to wait.
 *
 * Apart from the connection, because claiming a refresh must not touch the credential.
 *
 * @module
 */
import type { ConnectionRef } from "../../core/connection.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import { refreshKey } from "./record_key.ts";

/** What is known of a connection's refreshes. */
export interface RefreshJournal {
  /** Process that is refreshing now, or was when it died; null: nobody. */
  readonly holder: string | null;
  /** When that process began. */
  readonly started_at: Date | null;
  /** SHA-256 of the token that was, or is being, redeemed. */
  readonly fingerprint: string | null;
  /** Failures since the last success. */
  readonly failures: number;
  /** Not to be tried before this; null: at any time. */
  readonly retry_at: Date | null;
}

/** A journal as read. */
export interface ReadJournal {
  readonly journal: RefreshJournal;
  /** 0 when there is no record yet. */
  readonly revision: number;
}

/** The journal of a connection that was never refreshed. */
export const EMPTY_JOURNAL: RefreshJournal = {
  holder: null,
  started_at: null,
  fingerprint: null,
  failures: 0,
  retry_at: null,
};

/** The connection's journal. */
export async function readRefreshJournal(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
): Promise<ReadJournal> {
  const record = await vault.get(refreshKey(vaultId, ref));
  if (record === null) return { journal: EMPTY_JOURNAL, revision: 0 };
  const { holder, started_at, fingerprint, failures, retry_at } = JSON.parse(record.value);
  return {
    journal: {
      holder,
      started_at: started_at === null ? null : new Date(started_at),
      fingerprint,
      failures,
      retry_at: retry_at === null ? null : new Date(retry_at),
    },
    revision: record.revision,
  };
}

/** The journal as one change of a batch; with `expected` only if it still has that revision. */
export function journalChange(
  vaultId: string,
  ref: ConnectionRef,
  journal: RefreshJournal,
  expected?: number,
): VaultChange {
  const value = JSON.stringify({ schema_version: 1, ...journal });
  const put = { type: "put", key: refreshKey(vaultId, ref), value } as const;
  return expected === undefined ? put : { ...put, expected };
}
