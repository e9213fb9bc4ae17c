/**
 * One journaled renewal of a connection's tokens (RFC 6749 section 6, with rotation as in RFC 9700
 * section 4.14.2).
 *
 * The order is what keeps a rotated refresh token from being lost:
 *
 * 1. the intent is on disk, and with it the claim that no other process redeems this token;
 * 2. the token endpoint is called once;
 * 3. the new token set is on disk before anybody uses it. When it cannot be written, it is kept in
 *    memory and written by the next attempt, instead of being fetched again;
 * 4. only then is the claim given up.
 *
 * A crash between 1 and 3 leaves the intent behind. The next attempt redeems the same token again:
 * it works when the server had not rotated, and ends in `needs_reauth` when it had.
 *
 * @module
 */
import { type Connection, type ConnectionRef, showRef } from "../../core/connection.ts";
import {
  type AuthsomeError,
  ConnectionNotFoundError,
  ReauthorizationRequiredError,
  RefreshFailedError,
  TokenExpiredError,
  VaultConflictError,
} from "../../core/errors.ts";
import { refreshTokens, type Renewal } from "../oauth/refresh.ts";
import { saveConnectionState } from "../records/connection_state.ts";
import {
  type ReadConnection,
  readConnectionRevision,
  saveConnection,
} from "../records/connections.ts";
import { readProviderClient } from "../records/provider_clients.ts";
import {
  EMPTY_JOURNAL,
  type ReadJournal,
  readRefreshJournal,
  type RefreshJournal,
  writeRefreshJournal,
} from "../records/refresh_journal.ts";
import type { Vault } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";
import { freshness } from "./token_freshness.ts";

/** A claim older than this belongs to a process that died; longer than any request may take. */
const LEASE_MS = 60_000;
/** How often another process's refresh is looked at. */
const WATCH_MS = 100;
const MAX_BACK_OFF_MS = 5 * 60_000;

/** This process, in the journal. */
const HOLDER = crypto.randomUUID();

/** Token sets that the provider handed out and the disk did not take, by vault and connection. */
const unsaved = new WeakMap<
  Vault,
  Map<string, { readonly spent: string; readonly renewal: Renewal }>
>();

/**
 * The connection with new tokens, durable; or with those that somebody else has renewed meanwhile.
 *
 * @throws {ReauthorizationRequiredError} after `invalid_grant`; the connection is kept and says so.
 * @throws {RefreshFailedError} when it failed otherwise, or is backing off.
 * @throws {TokenExpiredError} when there is nothing to refresh with.
 * @throws {ConnectionNotFoundError} when it was logged out meanwhile.
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
    if (isRenewed(broker, stored.connection, rejectedAt)) return stored.connection;
    const kept = await saveUnsaved(broker, stored, ref);
    if (kept !== null) return kept;

    const read = await readRefreshJournal(broker.vault, seen.vault_id, ref);
    if (isHeldElsewhere(read.journal, broker.now())) {
      await pause(WATCH_MS, broker.stopping);
      continue;
    }
    refuseWhileBackingOff(read.journal, ref, broker.now());
    const claim = await claimRefresh(broker, stored.connection, read);
    if (claim !== null) return await redeem(broker, stored, claim, ref);
  }
}

/** Somebody else was quicker: another caller, another process, or a new login. */
function isRenewed(broker: Broker, connection: Connection, rejectedAt: Date | null): boolean {
  if (connection.status === "needs_reauth") {
    throw needsLogin({ provider: connection.provider, connection: connection.connection_name });
  }
  const rule = { now: broker.now(), windowSeconds: broker.settings.refresh_window_seconds };
  return freshness(connection, { ...rule, rejectedAt }) === "fresh";
}

function isHeldElsewhere(journal: RefreshJournal, now: Date): boolean {
  if (journal.holder === null || journal.holder === HOLDER || journal.started_at === null) {
    return false;
  }
  // The distance either way: a clock that was set back must not make a claim last for hours.
  return Math.abs(now.getTime() - journal.started_at.getTime()) < LEASE_MS;
}

function refuseWhileBackingOff(journal: RefreshJournal, ref: ConnectionRef, now: Date): void {
  const { retry_at } = journal;
  if (retry_at === null || retry_at <= now) return;
  // Farther away than any back-off is a clock that was set back.
  if (retry_at.getTime() - now.getTime() > MAX_BACK_OFF_MS) return;
  const seconds = Math.ceil((retry_at.getTime() - now.getTime()) / 1000);
  throw new RefreshFailedError(
    `Cannot refresh ${showRef(ref)}: it failed ${journal.failures} times, next try in ${seconds} s`,
    { ...ref, operation: "refresh", hint: `Run: authsome login ${ref.provider} --force` },
  );
}

/** The journal with our claim in it, on disk; null when another process claimed it first. */
async function claimRefresh(
  broker: Broker,
  connection: Connection,
  { journal, revision }: ReadJournal,
): Promise<ReadJournal | null> {
  const ref = { provider: connection.provider, connection: connection.connection_name };
  const claimed: RefreshJournal = {
    ...journal,
    holder: HOLDER,
    started_at: broker.now(),
    fingerprint: await fingerprint(connection),
  };
  try {
    await writeRefreshJournal(broker.vault, connection.vault_id, ref, claimed, revision);
  } catch (error) {
    if (error instanceof VaultConflictError) return null;
    throw error;
  }
  return await readRefreshJournal(broker.vault, connection.vault_id, ref);
}

async function redeem(
  broker: Broker,
  stored: ReadConnection,
  claim: ReadJournal,
  ref: ConnectionRef,
): Promise<Connection> {
  const { connection } = stored;
  const give_up = (journal: RefreshJournal) => release(broker, connection, claim, journal);
  const outcome = await refreshTokens({
    provider: broker.catalogue.get(ref.provider),
    flow: connection.flow,
    base_url: connection.base_url,
    scopes: connection.scopes,
    secrets: connection.secrets,
    metadata: connection.metadata,
    client: await readProviderClient(broker.vault, ref.provider),
  }, { fetch: broker.fetch, now: broker.now, signal: broker.stopping });

  switch (outcome.type) {
    case "refreshed": {
      const spent = await fingerprint(connection);
      remember(broker.vault, connection, { spent, renewal: outcome.renewal });
      const renewed = await save(broker, stored, outcome.renewal, ref);
      await give_up(EMPTY_JOURNAL);
      await note(broker, renewed, null);
      return renewed;
    }
    case "rejected": {
      const adopted = await adopt(broker, connection, ref);
      await give_up(EMPTY_JOURNAL);
      if (adopted !== null) return adopted;
      await note(broker, connection, outcome.error.error);
      throw needsLogin(ref);
    }
    case "impossible":
      await give_up(EMPTY_JOURNAL);
      throw new TokenExpiredError(
        `Cannot use ${showRef(ref)}: its token has expired and ${outcome.reason}`,
        { ...ref, hint: loginCommand(ref) },
      );
    case "failed": {
      const failures = claim.journal.failures + 1;
      const wait = outcome.retry_after_seconds === null
        ? Math.min(1000 * 2 ** (failures - 1), MAX_BACK_OFF_MS)
        : Math.min(outcome.retry_after_seconds * 1000, MAX_BACK_OFF_MS);
      const retry_at = new Date(broker.now().getTime() + wait);
      await give_up({ ...EMPTY_JOURNAL, failures, retry_at });
      await note(broker, connection, outcome.error.message);
      throw refreshFailed(ref, outcome.error);
    }
  }
}

/**
 * Writes the new token set over the connection it was renewed from. When the connection was changed
 * meanwhile but still holds the token that was spent, the new set goes over that change; when it
 * holds another token, somebody logged in anew, and that login stays.
 */
async function save(
  broker: Broker,
  stored: ReadConnection,
  renewal: Renewal,
  ref: ConnectionRef,
): Promise<Connection> {
  const spent = await fingerprint(stored.connection);
  for (let current: ReadConnection | null = stored; current !== null;) {
    if (await fingerprint(current.connection) !== spent) {
      forget(broker.vault, stored.connection);
      return current.connection;
    }
    const now = broker.now();
    const renewed: Connection = {
      ...current.connection,
      status: "connected",
      secrets: { ...current.connection.secrets, ...renewal.secrets },
      token_type: renewal.token_type,
      expires_at: renewal.expires_at,
      scopes: renewal.scopes ?? current.connection.scopes,
      obtained_at: now,
    };
    try {
      await saveConnection(broker.vault, renewed, { now, expected: current.revision });
    } catch (error) {
      if (!(error instanceof VaultConflictError)) throw error;
      current = await readConnectionRevision(broker.vault, renewed.vault_id, ref);
      continue;
    }
    forget(broker.vault, stored.connection);
    announce(broker, renewed);
    return renewed;
  }
  forget(broker.vault, stored.connection);
  throw loggedOut(ref);
}

/** Writes a token set that the disk refused last time, if the connection still waits for it. */
async function saveUnsaved(
  broker: Broker,
  stored: ReadConnection,
  ref: ConnectionRef,
): Promise<Connection | null> {
  const entry = unsaved.get(broker.vault)?.get(keyOf(stored.connection));
  if (entry === undefined) return null;
  if (entry.spent !== await fingerprint(stored.connection)) {
    forget(broker.vault, stored.connection);
    return null;
  }
  return await save(broker, stored, entry.renewal, ref);
}

/**
 * After `invalid_grant`: another process, or another machine's backup, may have rotated the token and
 * stored the new one. Then that one is used. Otherwise the connection says that it needs a login;
 * nothing of it is deleted.
 */
async function adopt(
  broker: Broker,
  spent: Connection,
  ref: ConnectionRef,
): Promise<Connection | null> {
  const current = await readConnectionRevision(broker.vault, spent.vault_id, ref);
  if (current === null) throw loggedOut(ref);
  if (await fingerprint(current.connection) !== await fingerprint(spent)) return current.connection;
  const dead: Connection = { ...current.connection, status: "needs_reauth" };
  await saveConnection(broker.vault, dead, { now: broker.now(), expected: current.revision });
  announce(broker, dead);
  return null;
}

async function release(
  broker: Broker,
  connection: Connection,
  claim: ReadJournal,
  journal: RefreshJournal,
): Promise<void> {
  const ref = { provider: connection.provider, connection: connection.connection_name };
  try {
    await writeRefreshJournal(broker.vault, connection.vault_id, ref, journal, claim.revision);
  } catch (error) {
    // A claim that could not be given up runs out by itself; the tokens are what matters.
    if (!(error instanceof VaultConflictError)) {
      broker.warn("The refresh journal was not written", error);
    }
  }
}

/** State for people, and a line in the audit log. */
async function note(broker: Broker, connection: Connection, error: string | null): Promise<void> {
  const { provider, connection_name, vault_id, identity } = connection;
  const ref = { provider, connection: connection_name };
  const now = broker.now();
  await saveConnectionState(broker.vault, vault_id, ref, {
    last_refresh_at: error === null ? now : null,
    last_refresh_error: error,
    last_failure_at: error === null ? null : now,
  });
  const usable = connection.expires_at === null || connection.expires_at > now;
  broker.audit({
    event: error === null ? "refresh" : "refresh_failed",
    status: error === null ? "success" : "failure",
    provider,
    connection: connection_name,
    identity,
    ...(error === null ? {} : { details: { error, fallback_available: usable } }),
  });
}

function announce(broker: Broker, { vault_id, provider }: Connection): void {
  broker.changes.publish({ type: "connections", vault_id, provider });
}

function remember(
  vault: Vault,
  connection: Connection,
  entry: { readonly spent: string; readonly renewal: Renewal },
): void {
  const entries = unsaved.get(vault) ?? new Map();
  unsaved.set(vault, entries.set(keyOf(connection), entry));
}

function forget(vault: Vault, connection: Connection): void {
  unsaved.get(vault)?.delete(keyOf(connection));
}

function keyOf({ vault_id, provider, connection_name }: Connection): string {
  return `${vault_id} ${provider} ${connection_name}`;
}

/** Of the token that a renewal spends. A client credentials grant spends none: its access token stands in. */
async function fingerprint({ secrets }: Connection): Promise<string> {
  const token = secrets["refresh_token"] ?? secrets["access_token"];
  const bytes = new TextEncoder().encode(token?.reveal() ?? "");
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function loginCommand(ref: ConnectionRef): string {
  return `Run: authsome login ${ref.provider} --connection ${ref.connection} --force`;
}

function loggedOut(ref: ConnectionRef): ConnectionNotFoundError {
  return new ConnectionNotFoundError(`Cannot refresh ${showRef(ref)}: it was logged out`, {
    ...ref,
    hint: `Run: authsome login ${ref.provider} --connection ${ref.connection}`,
  });
}

function needsLogin(ref: ConnectionRef): ReauthorizationRequiredError {
  return new ReauthorizationRequiredError(
    `Cannot use ${showRef(ref)}: the provider does not accept its refresh token any more`,
    { ...ref, operation: "refresh", hint: loginCommand(ref) },
  );
}

function refreshFailed(ref: ConnectionRef, cause: AuthsomeError): RefreshFailedError {
  return new RefreshFailedError(`Cannot refresh ${showRef(ref)}: ${reason(cause)}`, {
    ...ref,
    operation: "refresh",
    hint: "Try again later, or run: authsome doctor",
    cause,
  });
}

/** What comes after the colon of the error beneath. */
function reason({ message }: AuthsomeError): string {
  const at = message.indexOf(": ");
  return at < 0 ? message : message.slice(at + 2);
}
