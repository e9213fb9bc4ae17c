/**
 * One journaled renewal of a connection's tokens (RFC 6749 section 6, with rotation as in RFC 9700
 * section 4.14.2).
 *
 * The order is what keeps a rotated refresh token from being lost:
 *
 * 1. the intent is on disk, and with it the claim that no other process redeems this token; the
 *    connection to the provider may be made meanwhile, and nothing is sent over it;
 * 2. the token endpoint is called once;
 * 3. the new token set is on disk before anybody uses it, and the claim ends in the same write. When
 *    it cannot be written, it is kept in memory and written by the next attempt.
 *
 * A crash between 1 and 3 leaves the intent behind. The next attempt redeems the same token again:
 * it works when the server had not rotated, and ends in `needs_reauth` when it had.
 *
 * @module
 */
import type { Connection, ConnectionRef } from "../../core/connection.ts";
import { pause } from "../../core/pause.ts";
import type { OAuthConnection } from "../oauth/connection_facts.ts";
import { planRefresh, type RefreshPlan, refreshTokens } from "../oauth/refresh.ts";
import { readConnectionState, stateChange } from "../records/connection_state.ts";
import { type ReadConnection, readConnectionRevision } from "../records/connections.ts";
import { readProviderClient } from "../records/provider_clients.ts";
import { EMPTY_JOURNAL } from "../records/refresh_journal.ts";
import type { VaultChange } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";
import { flowContext } from "./flow_context.ts";
import { fingerprint, keepRenewal, markDead } from "./keep_renewal.ts";
import { oauthConnection } from "./oauth_connection.ts";
import { reachableProvider } from "./reachable_provider.ts";
import { afterFailure, claimRefresh, type RefreshClaim } from "./refresh_claim.ts";
import { forgetRegistration, isClientRefused } from "./refused_client.ts";
import { RefreshWay } from "./refresh_way.ts";
import {
  loggedOut,
  needsLogin,
  nothingToRefresh,
  reasonOf,
  refreshFailed,
} from "./refresh_failure.ts";
import { freshness } from "./token_freshness.ts";

/** How often another process's refresh is looked at. */
const WATCH_MS = 100;

/**
 * The connection with new tokens, durable; or with those that somebody else has renewed meanwhile.
 *
 * @throws {ReauthorizationRequiredError} after `invalid_grant`; the connection is kept and says so.
 * @throws {RefreshFailedError} when it failed otherwise, or is backing off.
 * @throws {TokenExpiredError} when there is nothing to refresh with.
 * @throws {ConnectionNotFoundError} when it was logged out meanwhile.
 * @throws {StoreUnavailableError} when the intent, or the new token set, cannot be written.
 */
export async function renewTokens(
  broker: Broker,
  seen: Connection,
  rejectedAt: Date | null,
): Promise<Connection> {
  const ref = { provider: seen.provider, connection: seen.connection_name };
  for (;;) {
    broker.stopping.throwIfAborted();
    const stored = await readConnectionRevision(broker.vault, seen.vault_id, ref);
    if (stored === null) throw loggedOut(ref);
    const { connection } = stored;
    // Somebody else was quicker: another caller, another process, or a new login.
    if (isRenewed(broker, connection, ref, rejectedAt)) return connection;
    const unsaved = broker.refreshes.unsavedOf(connection.vault_id, ref);
    if (unsaved !== null && unsaved.spent === fingerprint(connection)) {
      return await keepRenewal(broker, unsaved);
    }

    const asked = await askable(broker, connection);
    const plan = planRefresh(asked);
    if (typeof plan === "string") throw nothingToRefresh(ref, plan);
    const spent = fingerprint(connection);
    using way = new RefreshWay(broker, asked, plan.token_endpoint);
    const begin = () => way.begin();
    const claim = await claimRefresh(broker, connection.vault_id, ref, spent, begin);
    if (claim === null) {
      await pause(WATCH_MS, broker.stopping);
      continue;
    }
    try {
      const renewed = await redeem(broker, stored, { asked, plan, fetch: way.fetch, spent }, claim);
      if (renewed !== null) return renewed;
    } finally {
      await claim.release();
    }
  }
}

function isRenewed(
  broker: Broker,
  connection: Connection,
  ref: ConnectionRef,
  rejectedAt: Date | null,
): boolean {
  if (connection.status === "needs_reauth" || connection.status === "revoked") {
    throw needsLogin(ref);
  }
  const rule = { now: broker.now(), windowSeconds: broker.settings.refresh_window_seconds };
  return freshness(connection, { ...rule, rejectedAt }) === "fresh";
}

async function askable(broker: Broker, connection: Connection): Promise<OAuthConnection> {
  const definition = reachableProvider(broker, connection.provider);
  const client = await readProviderClient(broker.vault, connection.provider);
  return oauthConnection(connection, definition, client);
}

interface PlannedRefresh {
  readonly asked: OAuthConnection;
  readonly plan: RefreshPlan;
  /** Sends the request over the connection that was begun for it. */
  readonly fetch: typeof fetch;
  /** Fingerprint of the token that it spends. */
  readonly spent: string;
}

/** One request with its consequences; null when there is another token to be used by now. */
async function redeem(
  broker: Broker,
  stored: ReadConnection,
  { asked, plan, fetch, spent }: PlannedRefresh,
  claim: RefreshClaim,
): Promise<Connection | null> {
  const { connection } = stored;
  const { vault_id } = connection;
  const ref = { provider: connection.provider, connection: connection.connection_name };
  // The way is open: the relay need not be told again.
  const { allowHosts: _, ...context } = flowContext(broker, asked.provider);
  const outcome = await refreshTokens(asked, { ...context, fetch }, plan);
  switch (outcome.type) {
    case "refreshed": {
      const tokens = { vault_id, ref, spent, renewal: outcome.renewal };
      const renewed = await keepRenewal(broker, tokens, stored);
      tell(broker, renewed, null);
      return renewed;
    }
    case "rejected": {
      const { error } = outcome.error;
      const failed = await failureChange(broker, connection, ref, error);
      if (!await markDead(broker, { vault_id, ref, spent }, [failed])) return null;
      await claim.release(EMPTY_JOURNAL);
      tell(broker, connection, error);
      throw needsLogin(ref);
    }
    case "impossible":
      throw nothingToRefresh(ref, outcome.reason);
    case "failed": {
      const { error, retry_after_seconds } = outcome;
      const failed = await failureChange(broker, connection, ref, reasonOf(error));
      const journal = afterFailure(claim.before, broker.now(), retry_after_seconds);
      await claim.release(journal, [failed]);
      if (isClientRefused(error)) {
        await forgetRegistration(broker, ref.provider, plan.client.client_id);
      }
      tell(broker, connection, error.message);
      throw refreshFailed(ref, error);
    }
  }
}

/** For people who ask how the connection is. */
async function failureChange(
  broker: Broker,
  { vault_id }: Connection,
  ref: ConnectionRef,
  error: string,
): Promise<VaultChange> {
  const { last_refresh_at } = await readConnectionState(broker.vault, vault_id, ref);
  return stateChange(vault_id, ref, {
    last_refresh_at,
    last_refresh_error: error,
    last_failure_at: broker.now(),
  });
}

/** A line in the audit log. What was renewed is not given back because the line could not be written. */
function tell(broker: Broker, connection: Connection, error: string | null): void {
  const { provider, connection_name, identity, expires_at } = connection;
  const usable = expires_at === null || expires_at > broker.now();
  try {
    broker.audit({
      event: error === null ? "refresh" : "refresh_failed",
      status: error === null ? "success" : "failure",
      provider,
      connection: connection_name,
      identity,
      ...(error === null ? {} : { details: { error, fallback_available: usable } }),
    });
  } catch (cause) {
    broker.warn("A refresh was not written into the audit log", cause);
  }
}
