/**
 * How a connection's refreshes go, as people see it.
 *
 * @module
 */
import type { RefreshStatus } from "../../core/api.ts";
import type { ConnectionRef, ConnectionSummary } from "../../core/connection.ts";
import { readConnectionState } from "../records/connection_state.ts";
import { readRefreshJournal } from "../records/refresh_journal.ts";
import type { Broker } from "./broker.ts";

/** The status of one connection that is refreshed. */
export async function readRefreshStatus(
  { vault, now }: Broker,
  vaultId: string,
  ref: ConnectionRef,
): Promise<RefreshStatus> {
  const state = await readConnectionState(vault, vaultId, ref);
  const { journal: { failures, retry_at } } = await readRefreshJournal(vault, vaultId, ref);
  return {
    last_refresh_at: state.last_refresh_at?.toISOString() ?? null,
    last_refresh_error: state.last_refresh_error,
    last_failure_at: state.last_failure_at?.toISOString() ?? null,
    failures,
    next_attempt_at: retry_at !== null && retry_at > now() ? retry_at.toISOString() : null,
  };
}

/**
 * Why a connection of a list could not be refreshed; null where nothing is wrong. A refresh that
 * fails leaves the expiry where it was: all others are not looked up.
 */
export async function refreshErrorOf(
  { vault, now, settings }: Broker,
  vaultId: string,
  provider: string,
  { connection_name, auth_type, status, expires_at }: ConnectionSummary,
): Promise<string | null> {
  const end = expires_at?.getTime() ?? Infinity;
  const isDue = end - now().getTime() <= settings.refresh_window_seconds * 1000;
  if (auth_type === "api_key" || (!isDue && status !== "needs_reauth")) return null;
  const ref = { provider, connection: connection_name };
  return (await readConnectionState(vault, vaultId, ref)).last_refresh_error;
}
