/**
 * Makes a connection's token usable: as it is while it is fresh, refreshed when it is not.
 *
 * However many callers wait, there is one refresh of a connection at a time in this process; between
 * processes the journal sees to it (`renew_tokens.ts`). A refresh belongs to the daemon and not to
 * the caller that began it: a caller that goes away cancels nothing.
 *
 * @module
 */
import type { Connection } from "../../core/connection.ts";
import { AuthsomeError, ReauthorizationRequiredError } from "../../core/errors.ts";
import type { Broker } from "./broker.ts";
import { writeUnsaved } from "./keep_renewal.ts";
import { needsLogin, unexpectedFailure } from "./refresh_failure.ts";
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
 * A token inside the refresh window is handed out at once and refreshed meanwhile; one that is about
 * to expire, or was refused, waits for its refresh. When that fails, a token that is still valid is
 * handed out as it is.
 *
 * @throws {ReauthorizationRequiredError} when only a new login helps.
 * @throws {RefreshFailedError} when the refresh failed, may succeed later, and the token is expired.
 * @throws {TokenExpiredError} when there is nothing to refresh with.
 * @throws {ConnectionNotFoundError} when it was logged out meanwhile.
 * @throws {StoreUnavailableError}
 */
export async function refreshConnection(
  broker: Broker,
  connection: Connection,
  { rejectedAt = null }: FreshnessOptions = {},
): Promise<Connection> {
  if (connection.status === "needs_reauth" || connection.status === "revoked") {
    throw needsLogin({ provider: connection.provider, connection: connection.connection_name });
  }
  const rule = { now: broker.now(), windowSeconds: broker.settings.refresh_window_seconds };
  switch (freshness(connection, { ...rule, rejectedAt })) {
    case "fresh":
      return connection;
    case "due":
      // Its failure is in the audit log and in the connection's state; this caller is not hurt by it.
      void join(broker, connection, null).catch(() => {});
      return connection;
    case "stale":
      try {
        return await join(broker, connection, rejectedAt);
      } catch (error) {
        if (rejectedAt === null && isStillUsable(broker, connection, error)) return connection;
        throw error;
      }
  }
}

/**
 * Begins no further refresh, waits for those under way, and writes what the disk did not take before:
 * a daemon that stopped in the middle would lose tokens that the provider has rotated.
 */
export async function endRefreshes(broker: Broker, timeoutMs: number): Promise<void> {
  await broker.refreshes.end(timeoutMs);
  await writeUnsaved(broker);
}

function join(
  broker: Broker,
  connection: Connection,
  rejectedAt: Date | null,
): Promise<Connection> {
  return broker.refreshes.join(connection, async () => {
    try {
      return await renewTokens(broker, connection, rejectedAt);
    } catch (error) {
      if (error instanceof AuthsomeError) throw error;
      const ref = { provider: connection.provider, connection: connection.connection_name };
      throw unexpectedFailure(ref, error);
    }
  });
}

function isStillUsable(broker: Broker, { expires_at }: Connection, error: unknown): boolean {
  if (error instanceof ReauthorizationRequiredError) return false;
  if (error instanceof AuthsomeError && error.code === "connection_not_found") return false;
  return expires_at !== null && expires_at > broker.now();
}
