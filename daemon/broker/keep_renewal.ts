/**
 * What a refresh brought, written down: the new token set, or that the connection needs a login.
 *
 * A connection may have changed while the provider was asked. Its refresh token tells whether what
 * was renewed is still what is stored.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Connection } from "../../core/connection.ts";
import { VaultConflictError } from "../../core/errors.ts";
import { stateChange } from "../records/connection_state.ts";
import {
  type ReadConnection,
  readConnectionRevision,
  saveConnection,
} from "../records/connections.ts";
import { EMPTY_JOURNAL, journalChange } from "../records/refresh_journal.ts";
import type { VaultChange } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";
import { loggedOut } from "./refresh_failure.ts";
import type { UnsavedTokens } from "./refreshes.ts";

/**
 * Writes the new token set over the connection it was renewed from, and ends the claim on its refresh
 * in the same batch. When the connection was changed meanwhile but still holds the token that was spent, the new set goes over
 * that change; when it holds another token, somebody logged in anew, and that login stays.
 *
 * Until it is written it is remembered, so that a disk that is full for a moment loses no token.
 *
 * @param known The connection as last read; looked at again when it is not like that any more.
 * @throws {ConnectionNotFoundError} when it was logged out meanwhile. @throws {StoreUnavailableError}
 */
export async function keepRenewal(
  broker: Broker,
  tokens: UnsavedTokens,
  known: ReadConnection | null = null,
): Promise<Connection> {
  const { vault, refreshes } = broker;
  const { vault_id, ref, spent } = tokens;
  refreshes.remember(tokens);
  for (let last = known;; last = null) {
    const current = last ?? await readConnectionRevision(vault, vault_id, ref);
    if (current === null) {
      refreshes.forget(vault_id, ref);
      throw loggedOut(ref);
    }
    if (fingerprint(current.connection) !== spent) {
      refreshes.forget(vault_id, ref);
      return current.connection;
    }
    const now = broker.now();
    const state = { last_refresh_at: now, last_refresh_error: null, last_failure_at: null };
    const renewed = renew(current.connection, tokens, now);
    const also = [
      journalChange(vault_id, ref, EMPTY_JOURNAL),
      stateChange(vault_id, ref, state),
    ];
    if (!await saveUnlessChanged(broker, current, renewed, also)) continue;
    refreshes.forget(vault_id, ref);
    return renewed;
  }
}

/** Writes every token set that the disk did not take; what cannot be written is told to the log. */
export async function writeUnsaved(broker: Broker): Promise<void> {
  for (const tokens of broker.refreshes.unsaved()) {
    const { provider, connection } = tokens.ref;
    try {
      await keepRenewal(broker, tokens);
    } catch (error) {
      broker.warn(`New tokens of ${provider}/${connection} could not be written`, error);
    }
  }
}

/**
 * After `invalid_grant`: marks the connection, unless another process, or a login, has put another
 * token in its place. Nothing of it is deleted. False when there is another token to be used.
 *
 * @throws {ConnectionNotFoundError} when it was logged out meanwhile. @throws {StoreUnavailableError}
 */
export async function markDead(
  broker: Broker,
  { vault_id, ref, spent }: Pick<UnsavedTokens, "vault_id" | "ref" | "spent">,
  also: readonly VaultChange[],
): Promise<boolean> {
  for (;;) {
    const current = await readConnectionRevision(broker.vault, vault_id, ref);
    if (current === null) throw loggedOut(ref);
    if (fingerprint(current.connection) !== spent) return false;
    if (current.connection.status === "revoked") return true;
    const dead: Connection = { ...current.connection, status: "needs_reauth" };
    if (await saveUnlessChanged(broker, current, dead, also)) return true;
  }
}

/** Of the token that a renewal spends. A client credentials grant spends none: its access token stands in. */
export function fingerprint({ secrets }: Connection): string {
  const token = secrets["refresh_token"] ?? secrets["access_token"];
  return createHash("sha256").update(token?.reveal() ?? "").digest("hex");
}

function renew(current: Connection, { renewal }: UnsavedTokens, now: Date): Connection {
  return {
    ...current,
    // A revocation that is under way takes the new tokens back, too.
    status: current.status === "revoked" ? "revoked" : "connected",
    secrets: { ...current.secrets, ...renewal.secrets },
    token_type: renewal.token_type,
    expires_at: renewal.expires_at,
    scopes: renewal.scopes ?? current.scopes,
    obtained_at: now,
  };
}

async function saveUnlessChanged(
  broker: Broker,
  { revision }: ReadConnection,
  connection: Connection,
  also: readonly VaultChange[],
): Promise<boolean> {
  const { vault, now, changes } = broker;
  try {
    await saveConnection(vault, connection, { now: now(), expected: revision, also });
  } catch (error) {
    if (error instanceof VaultConflictError) return false;
    throw error;
  }
  const { vault_id, provider } = connection;
  changes.publish({ type: "connections", vault_id, provider, renewed: true });
  return true;
}
