/**
 * What happens to login sessions without anybody asking: those that an earlier daemon left go on or
 * end, and those that are over are forgotten.
 *
 * @module
 */
import type { Broker } from "./broker/broker.ts";
import { failLogin } from "./broker/finish_login.ts";
import { type LoginSession, saveSession } from "./broker/login_session.ts";
import { resumePolling } from "./broker/poll_login.ts";
import { takeBackClient } from "./broker/take_back.ts";
import { AuthorizationResponseError, VaultConflictError } from "../core/errors.ts";
import { listAuthSessions, pruneAuthSessions, readAuthSession } from "./records/auth_sessions.ts";

/** How long a session can still be asked about after it expired, in milliseconds. */
const KEPT_MS = 60 * 60 * 1000;

/**
 * Takes over the sessions that an earlier daemon left. One that was in the middle of a step ends with
 * the truth: nobody knows whether the provider was asked.
 */
export async function adoptSessions(broker: Broker): Promise<void> {
  for (const { id, data } of await listAuthSessions<LoginSession>(broker.vault)) {
    if (data.status !== "processing") continue;
    const found = await readAuthSession<LoginSession>(broker.vault, id);
    if (found === null) continue;
    const reason = new AuthorizationResponseError(
      "Cannot finish the login: the daemon was restarted in the middle of it",
    );
    await failLogin(broker, { record: found.session, revision: found.revision }, reason);
  }
  await resumePolling(broker);
}

/**
 * Forgets the sessions that expired long ago. Nobody will use the client any more that was registered
 * for one that expired: it is taken back as that of a login that was cancelled.
 */
export async function forgetSessions(broker: Broker): Promise<void> {
  for (const { id, data, expires_at } of await listAuthSessions<LoginSession>(broker.vault)) {
    const isUnderWay = data.status === "processing";
    if (data.client === null || isUnderWay || expires_at > broker.now()) continue;
    await takeBackExpired(broker, id);
  }
  await pruneAuthSessions(broker.vault, new Date(broker.now().getTime() - KEPT_MS));
}

async function takeBackExpired(broker: Broker, id: string): Promise<void> {
  const found = await readAuthSession<LoginSession>(broker.vault, id);
  if (found === null) return;
  const open = { record: found.session, revision: found.revision };
  try {
    // First of all it is forgotten here, so that it is taken back once.
    await saveSession(broker, open, { client: null, pending: null });
  } catch (error) {
    if (error instanceof VaultConflictError) return; // somebody goes on with it
    throw error;
  }
  const { provider, connection, identity, purpose } = open.record.data;
  const details = { error: "LoginExpiredError" };
  broker.audit({ event: purpose, status: "failure", provider, connection, identity, details });
  takeBackClient(broker, open);
}
