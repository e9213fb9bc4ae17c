/**
 * Connections in the vault: the full record of each, and its provider's index, always changed
 * together in one batch.
 *
 * @module
 */
import { type Connection, type ConnectionRef, showRef, summarize } from "../../core/connection.ts";
import { ConnectionNotFoundError, VaultConflictError, VaultSealError } from "../../core/errors.ts";
import type { Vault, VaultChange, VaultRecord } from "../vault/vault.ts";
import { changeRecords } from "./change_records.ts";
import { decodeConnection, encodeConnection } from "./connection_codec.ts";
import { IndexEdit } from "./connection_index.ts";
import { directoryChange } from "./provider_directory.ts";
import {
  connectionKey,
  metadataKey,
  providerPrefix,
  providersKey,
  refreshKey,
  stateKey,
} from "./record_key.ts";

/** A connection as read, with the revision to give {@linkcode saveConnection} as `expected`. */
export interface ReadConnection {
  readonly connection: Connection;
  readonly revision: number;
}

/** The connection, or null. One read. */
export async function readConnection(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
): Promise<Connection | null> {
  return (await readConnectionRevision(vault, vaultId, ref))?.connection ?? null;
}

/** The connection with its revision, or null. One read. */
export async function readConnectionRevision(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
): Promise<ReadConnection | null> {
  const record = await vault.get(connectionKey(vaultId, ref));
  if (record === null) return null;
  return { connection: decodeConnection(record.value).connection, revision: record.revision };
}

/** How a connection is saved. */
export interface SaveOptions {
  readonly now: Date;
  /** Make it the provider's default; the first connection becomes the default anyway. */
  readonly makeDefault?: boolean;
  /**
   * Save only if the connection has this revision now (0: only if there is none). A refresh gives
   * what it read, so that it brings no connection back that was logged out meanwhile.
   */
  readonly expected?: number;
  /** Changes of other records, written in the same batch: all of it or nothing. */
  readonly also?: readonly VaultChange[];
}

/**
 * Saves a connection in its vault (`vault_id`), new or changed, and its summary in the index.
 *
 * @throws {VaultConflictError} when `expected` does not hold. @throws {StoreUnavailableError}
 */
export async function saveConnection(
  vault: Vault,
  connection: Connection,
  { now, makeDefault = false, expected, also = [] }: SaveOptions,
): Promise<void> {
  const { vault_id, provider, connection_name } = connection;
  const ref = { provider, connection: connection_name };
  const key = connectionKey(vault_id, ref);
  const saved = await changeRecords(vault, providersKey(vault_id), async () => {
    const record = await readUnlessDamaged(vault, key);
    if (expected !== undefined && expected !== revisionOf(record)) return false;
    const index = await IndexEdit.open(vault, vault_id, provider);
    const before = record === "damaged" ? await index.find(connection_name) : pageOf(record);
    const page = await index.place(summarize(connection), before);
    if (index.defaultConnection === null || makeDefault) {
      if (index.defaultConnection !== connection_name) {
        await index.makeDefault(connection_name, page, now);
      }
    }
    const value = encodeConnection({ connection, page });
    const changes: VaultChange[] = [{ type: "put", key, value, ...expecting(record) }];
    if (index.wasEmpty) changes.push(await directoryChange(vault, vault_id, provider, "add"));
    await vault.write([...changes, ...index.changes(), ...also]);
    return true;
  });
  if (!saved) {
    throw new VaultConflictError(
      `Cannot save ${showRef(ref)}: it was changed or removed meanwhile`,
      ref,
    );
  }
}

/**
 * The record, null where there is none, or `damaged` where it does not open: a new login goes over
 * it, and a logout takes it away. Nothing else mends it without a backup.
 */
async function readUnlessDamaged(
  vault: Vault,
  key: string,
): Promise<VaultRecord | null | "damaged"> {
  try {
    return await vault.get(key);
  } catch (error) {
    if (error instanceof VaultSealError) return "damaged";
    throw error;
  }
}

function revisionOf(record: VaultRecord | null | "damaged"): number | null {
  return record === "damaged" ? null : record?.revision ?? 0;
}

/** What a change of the record may ask for; a damaged one does not tell its revision. */
function expecting(record: VaultRecord | null | "damaged"): { readonly expected?: number } {
  return record === "damaged" ? {} : { expected: record?.revision ?? 0 };
}

/**
 * Removes a connection and what is known of its refreshes. When it was the default, the one obtained
 * last takes its place. Gives the provider's default connection afterwards.
 *
 * @throws {ConnectionNotFoundError} when there is none.
 */
export async function removeConnection(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
  now: Date,
): Promise<string | null> {
  const key = connectionKey(vaultId, ref);
  return await changeRecords(vault, providersKey(vaultId), async () => {
    const record = await readUnlessDamaged(vault, key);
    const index = await IndexEdit.open(vault, vaultId, ref.provider);
    const page = record === "damaged" ? await index.find(ref.connection) : pageOf(record);
    if (record === null || page === null) throw notFound(ref);
    await index.remove(ref.connection, page);
    if (index.defaultConnection === ref.connection) await index.makeAnotherDefault(now);
    const changes: VaultChange[] = [
      { type: "delete", key, ...expecting(record) },
      { type: "delete", key: stateKey(vaultId, ref) },
      { type: "delete", key: refreshKey(vaultId, ref) },
    ];
    if (index.isEmpty) {
      changes.push(await directoryChange(vault, vaultId, ref.provider, "remove"));
    }
    await vault.write([...changes, ...index.changes()]);
    return index.defaultConnection;
  });
}

/** Removes every connection of a provider, with index and state; gives their number. */
export async function removeProviderConnections(
  vault: Vault,
  vaultId: string,
  provider: string,
): Promise<number> {
  return await changeRecords(vault, providersKey(vaultId), async () => {
    const head = await vault.get(metadataKey(vaultId, provider));
    const prefix = providerPrefix(vaultId, provider);
    const keys = await vault.keys(prefix);
    if (keys.length === 0) return 0;
    const changes: VaultChange[] = keys.map((key) => ({ type: "delete", key }));
    // A save in another process changes the index too: then this is done again, with its record.
    changes.push(await directoryChange(vault, vaultId, provider, "remove"));
    const guard: VaultChange = {
      type: "delete",
      key: metadataKey(vaultId, provider),
      expected: head?.revision ?? 0,
    };
    await vault.write([guard, ...changes]);
    return keys.filter((key) => key.startsWith(`${prefix}connection:`)).length;
  });
}

/**
 * Makes a connection its provider's default since `now`.
 *
 * @throws {ConnectionNotFoundError} when there is none.
 */
export async function setDefault(
  vault: Vault,
  vaultId: string,
  ref: ConnectionRef,
  now: Date,
): Promise<void> {
  await changeRecords(vault, providersKey(vaultId), async () => {
    const page = pageOf(await vault.get(connectionKey(vaultId, ref)));
    if (page === null) throw notFound(ref);
    const index = await IndexEdit.open(vault, vaultId, ref.provider);
    await index.makeDefault(ref.connection, page, now);
    await vault.write(index.changes());
  });
}

function pageOf(record: VaultRecord | null): number | null {
  return record === null ? null : decodeConnection(record.value).page;
}

function notFound(ref: ConnectionRef): ConnectionNotFoundError {
  return new ConnectionNotFoundError(`Cannot find ${showRef(ref)}: there is no such connection`, {
    ...ref,
    hint: `Run: authsome login ${ref.provider} --connection ${ref.connection}`,
  });
}
