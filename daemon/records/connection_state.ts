/**
 * What is known of a connection's refreshes, kept apart from the connection so that noting a failure
 * touches no credential.
 *
 * @module
 */
import type { ConnectionRef } from "../../core/connection.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import { stateKey } from "./record_key.ts";

/** How the last refresh of a connection went. */
export interface ConnectionState {
  readonly last_refresh_at: Date | null;
  /** Error code of RFC 6749 and a short reason; never a provider's reply as it is. null: it worked. */
  readonly last_refresh_error: string | null;
  /** When a refresh last failed. */
  readonly last_failure_at: Date | null;
}

/** The state of a connection that was never refreshed. */
export const NEVER_REFRESHED: ConnectionState = {
  last_refresh_at: null,
  last_refresh_error: null,
  last_failure_at: null,
};

/** The connection's state. */
export async function readConnectionState(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
): Promise<ConnectionState> {
  const record = await vault.get(stateKey(vaultId, ref));
  if (record === null) return NEVER_REFRESHED;
  return decodeState(record.value);
}

/** The state that {@linkcode stateChange} wrote. */
export function decodeState(text: string): ConnectionState {
  const { last_refresh_at, last_refresh_error, last_failure_at } = JSON.parse(text);
  return {
    last_refresh_at: last_refresh_at === null ? null : new Date(last_refresh_at),
    last_refresh_error,
    last_failure_at: last_failure_at === null ? null : new Date(last_failure_at),
  };
}

/** The connection's state as one change of a batch; the last one wins. */
export function stateChange(
  vaultId: string,
  ref: ConnectionRef,
  state: ConnectionState,
): VaultChange {
  const value = JSON.stringify({ schema_version: 1, ...state });
  return { type: "put", key: stateKey(vaultId, ref), value };
}
