/**
 * Makes a connection's token usable: as it is while it is fresh, refreshed when it is not.
 *
 * However many callers wait, there is one refresh of a connection at a time in this process; between
 * processes the journal sees to it (`renew_tokens.ts`). A refresh belongs to the daemon and not to
 * the caller that began it: a caller that goes away cancels nothing.
 *
 * @module
 */
import { type Connection, showRef } from "../../core/connection.ts";
import {
  AuthsomeError,
  ReauthorizationRequiredError,
  RefreshFailedError,
} from "../../core/errors.ts";
import type { Vault } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";
import { renewTokens } from "./renew_tokens.ts";
import { freshness } from "./token_freshness.ts";

/** When a refresh is needed. */
export interface FreshnessOptions {
  /** The provider refused the token that was in use at this time: do not trust its expiry. */
  readonly rejectedAt?: Date | null;
}

/**
 * The connection with a token that can be used now.
 *
 * A token inside the refresh window is handed out at once and refreshed meanwhile; one that is
 * expired, or was refused, waits for its refresh.
 *
 * @throws {ReauthorizationRequiredError} when only a new login helps.
 * @throws {RefreshFailedError} when the refresh failed, may succeed later, and the token is expired.
 * @throws {TokenExpiredError} when there is nothing to refresh with.
 */
export async function refreshConnection(
  broker: Broker,
  connection: Connection,
  { rejectedAt = null }: FreshnessOptions = {},
): Promise<Connection> {
  refuseDead(connection);
  const rule = { now: broker.now(), windowSeconds: broker.settings.refresh_window_seconds };
  switch (freshness(connection, { ...rule, rejectedAt })) {
    case "fresh":
      return connection;
    case "due":
      // Its failure is in the log and in the connection's state; this caller is not hurt by it.
      void join(broker, connection, null).catch(() => {});
      return connection;
    case "stale":
      return await join(broker, connection, rejectedAt);
  }
}

/** Waits until no refresh of this vault is under way, so that a daemon does not stop in the middle of one. */
export async function settleRefreshes(vault: Vault): Promise<void> {
  await Promise.allSettled([...(flights.get(vault)?.values() ?? [])]);
}

const flights = new WeakMap<Vault, Map<string, Promise<Connection>>>();

function join(
  broker: Broker,
  connection: Connection,
  rejectedAt: Date | null,
): Promise<Connection> {
  const mine = flights.get(broker.vault) ?? new Map<string, Promise<Connection>>();
  flights.set(broker.vault, mine);
  const key = `${connection.vault_id} ${connection.provider} ${connection.connection_name}`;
  const under_way = mine.get(key);
  if (under_way !== undefined) return under_way;
  const flight = renewTokens(broker, connection, rejectedAt)
    .catch((error: unknown) => {
      throw asRefreshFailure(connection, error);
    })
    .finally(() => mine.delete(key));
  mine.set(key, flight);
  return flight;
}

function refuseDead(connection: Connection): void {
  if (connection.status !== "needs_reauth" && connection.status !== "revoked") return;
  const ref = { provider: connection.provider, connection: connection.connection_name };
  throw new ReauthorizationRequiredError(`Cannot use ${showRef(ref)}: it needs a new login`, {
    ...ref,
    hint: `Run: authsome login ${ref.provider} --connection ${ref.connection} --force`,
  });
}

function asRefreshFailure(connection: Connection, error: unknown): AuthsomeError {
  if (error instanceof AuthsomeError) return error;
  const ref = { provider: connection.provider, connection: connection.connection_name };
  return new RefreshFailedError(`Cannot refresh ${showRef(ref)}: an unexpected failure`, {
    ...ref,
    hint: "Run: authsome daemon logs",
    cause: error,
  });
}
