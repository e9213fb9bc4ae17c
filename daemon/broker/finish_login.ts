/**
 * The end of a login. A good one leaves the connection, the provider's client, a line in the audit
 * log, and everybody told; a bad one leaves the reason.
 *
 * @module
 */
import type { Connection } from "../../core/connection.ts";
import { AuthsomeError, VaultConflictError } from "../../core/errors.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { LoginRequest, TokenGrant } from "../flows/flow.ts";
import { saveConnection } from "../records/connections.ts";
import { NEVER_REFRESHED, stateChange } from "../records/connection_state.ts";
import { EMPTY_JOURNAL, journalChange } from "../records/refresh_journal.ts";
import type { VaultChange } from "../vault/vault.ts";
import { providerClientChange } from "../records/provider_clients.ts";
import type { Broker } from "./broker.ts";
import {
  type LoginSession,
  type OpenSession,
  openSession,
  saveSession,
  sessionChanges,
} from "./login_session.ts";
import { takeBack, takeBackClient } from "./take_back.ts";

/**
 * Keeps what was granted and ends the session, all in one write: a daemon that dies here leaves the
 * whole of it or nothing.
 *
 * @throws {VaultConflictError} when the login was cancelled meanwhile; nothing is kept then.
 * @throws {StoreUnavailableError}
 */
export async function finishLogin(
  broker: Broker,
  open: OpenSession,
  grant: TokenGrant,
  newClient: ProviderClient | null,
  warnings: readonly string[],
): Promise<OpenSession> {
  const session = open.record.data;
  const client = newClient ?? session.client;
  const connection = newConnection(broker, session, grant);
  auditLogin(broker, session, "success", { flow: session.flow });
  const ending: Partial<LoginSession> = {
    status: "completed",
    message: "Login successful",
    error: null,
    inputs: [],
    problem: null,
    doubtful: null,
    pending: null,
    client: null,
    granted_scopes: grant.granted_scopes,
    warnings,
  };
  try {
    await saveConnection(broker.vault, connection, {
      now: broker.now(),
      also: [
        ...(session.flow === "api_key" ? [] : refreshedNever(session)),
        ...client === null ? [] : [providerClientChange(session.provider, client)],
        ...await sessionChanges(broker, open, ending),
      ],
    });
  } catch (error) {
    auditLogin(broker, session, "failure", { error: "NotKept" });
    throw error;
  }
  broker.changes.publish({
    type: "connections",
    vault_id: session.vault_id,
    provider: session.provider,
  });
  return await openSession(broker, open.record.id);
}

/** What is known of the refreshes of an earlier login says nothing about this one. */
function refreshedNever({ vault_id, provider, connection }: LoginSession): VaultChange[] {
  const ref = { provider, connection };
  return [
    stateChange(vault_id, ref, NEVER_REFRESHED),
    journalChange(vault_id, ref, EMPTY_JOURNAL),
  ];
}

/** Written down before it is done: nobody is logged in without a line about it. */
function auditLogin(
  broker: Broker,
  { provider, connection, identity, purpose }: LoginSession,
  status: "success" | "failure",
  details: Readonly<Record<string, unknown>>,
): void {
  broker.audit({ event: purpose, status, provider, connection, identity, details });
}

function newConnection(broker: Broker, session: LoginSession, grant: TokenGrant): Connection {
  const oauth = session.flow !== "api_key";
  return {
    schema_version: 2,
    provider: session.provider,
    connection_name: session.connection,
    identity: session.identity,
    principal_id: session.principal_id,
    vault_id: session.vault_id,
    auth_type: oauth ? "oauth2" : "api_key",
    flow: session.flow,
    status: "connected",
    base_url: grant.base_url,
    api_url: grant.api_url,
    // RFC 6749 section 5.1: a reply without scope means that what was asked for was granted.
    scopes: oauth ? grant.granted_scopes ?? session.requested_scopes : null,
    secrets: grant.secrets,
    token_type: grant.token_type,
    expires_at: grant.expires_at,
    obtained_at: broker.now(),
    account: grant.account,
    metadata: grant.metadata,
  };
}

/**
 * Ends a login whose last step could not be written down, because it was cancelled meanwhile or the
 * disk is full, and takes back what was granted. Never throws.
 */
export async function endUnkept(
  broker: Broker,
  open: OpenSession,
  login: LoginRequest,
  grant: TokenGrant | null,
  error: unknown,
): Promise<void> {
  // Cancelled: it stays so.
  if (!(error instanceof VaultConflictError)) {
    try {
      await failLogin(broker, open, error);
    } catch (cause) {
      // Perhaps everything was written after all: then there is nothing to be taken back.
      broker.warn("Cannot end a login that failed", cause);
      return;
    }
  }
  if (grant !== null) takeBack(broker, open, login, grant);
}

/** Ends a session that failed, and writes it down. Only our own words are shown. */
export async function failLogin(
  broker: Broker,
  open: OpenSession,
  error: unknown,
): Promise<OpenSession> {
  const known = error instanceof AuthsomeError ? error : null;
  auditLogin(broker, open.record.data, "failure", { error: known?.name ?? "UnexpectedError" });
  const failed = await saveSession(broker, open, {
    status: "failed",
    error: known?.message ?? "Cannot log in: something unexpected happened",
    inputs: [],
    problem: null,
    doubtful: null,
    pending: null,
    client: null,
  });
  takeBackClient(broker, open);
  return failed;
}
