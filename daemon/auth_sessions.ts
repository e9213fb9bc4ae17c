/**
 * What happens to login sessions without anybody asking: those that an earlier daemon left go on or
 * end, and those that are over are forgotten.
 *
 * @module
 */
import type { Broker } from "./broker/broker.ts";
import { failLogin } from "./broker/finish_login.ts";
import type { LoginSession } from "./broker/login_session.ts";
import { resumePolling } from "./broker/poll_login.ts";
import { AuthorizationResponseError } from "../core/errors.ts";
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

/** Forgets the sessions that expired long ago. */
export async function forgetSessions(broker: Broker): Promise<void> {
  await pruneAuthSessions(broker.vault, new Date(broker.now().getTime() - KEPT_MS));
}
