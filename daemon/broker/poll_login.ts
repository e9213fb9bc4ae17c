/**
 * Asks a device login's token endpoint until it is confirmed, refused or expired (RFC 8628 section
 * 3.4), in the background of whatever page or terminal shows the code.
 *
 * @module
 */
import { AuthsomeError, VaultConflictError } from "../../core/errors.ts";
import { pause } from "../../core/pause.ts";
import { backedOff } from "../oauth/device_poll.ts";
import { listAuthSessions, readAuthSession } from "../records/auth_sessions.ts";
import { allowEndpoints } from "./allow_endpoints.ts";
import type { Broker } from "./broker.ts";
import { endUnkept, failLogin, finishLogin } from "./finish_login.ts";
import { flowContext } from "./flow_context.ts";
import {
  isOver,
  loginRequest,
  type LoginSession,
  type OpenSession,
  openSession,
} from "./login_session.ts";

/** Polls one session until it is over, or `signal` aborts; never throws. */
export async function pollLogin(broker: Broker, id: string, signal: AbortSignal): Promise<void> {
  let interval = await firstInterval(broker, id);
  while (interval !== null) {
    await pause(interval * 1000, signal);
    if (signal.aborted) return;
    // A daemon that stops waits for the answer: it may hold the tokens.
    interval = await broker.exchanges.during(pollOnce(broker, id, signal, interval));
  }
}

/** Goes on with the device logins that an earlier daemon left. */
export async function resumePolling(broker: Broker): Promise<void> {
  for (const { id, data } of await listAuthSessions<LoginSession>(broker.vault)) {
    if (data.pending?.type === "device_code" && data.status === "waiting_for_user") {
      broker.background((signal) => pollLogin(broker, id, signal));
    }
  }
}

async function firstInterval(broker: Broker, id: string): Promise<number | null> {
  const found = await readAuthSession<LoginSession>(broker.vault, id);
  const pending = found?.session.data.pending;
  return pending?.type === "device_code" ? pending.interval_seconds : null;
}

/** Seconds to wait before asking again; null when the login is over. */
async function pollOnce(
  broker: Broker,
  id: string,
  signal: AbortSignal,
  interval: number,
): Promise<number | null> {
  let open: OpenSession | null = null;
  try {
    open = await openSession(broker, id);
    const { flow, pending } = open.record.data;
    if (pending === null || isOver(open.record.data)) return null;
    const login = await loginRequest(broker, open.record.data);
    await allowEndpoints(broker, login, pending);
    // RFC 8628 section 3.5: a slow_down holds for all later polls, not only for the next.
    const paced = pending.type === "device_code"
      ? { ...pending, interval_seconds: interval }
      : pending;
    const answer = await broker.flows[flow].poll!(
      login,
      paced,
      flowContext(broker, login.provider, signal),
    );
    if (answer.type === "pending") return answer.interval_seconds;
    try {
      await finishLogin(broker, open, answer.grant, null, []);
    } catch (error) {
      await endUnkept(broker, open, login, answer.grant, error);
      return error instanceof VaultConflictError ? interval : null;
    }
    return null;
  } catch (error) {
    if (signal.aborted) return null;
    // Somebody cancelled it, or changed it: look again.
    if (error instanceof VaultConflictError) return interval;
    // RFC 8628 section 3.5: a connection that timed out is tried again, more slowly.
    if (error instanceof AuthsomeError && error.code === "endpoint_unreachable") {
      return backedOff(interval);
    }
    // The disk may be back by then; whoever cancelled or forgot the login is found out, too.
    if (open === null) return isStoreAway(error) ? interval : null;
    if (!(error instanceof AuthsomeError)) broker.warn("Cannot poll a device login", error);
    await failLogin(broker, open, error).catch((cause) =>
      broker.warn("Cannot end a device login that failed", cause)
    );
    return null;
  }
}

function isStoreAway(error: unknown): boolean {
  return error instanceof AuthsomeError && error.code === "store_unavailable";
}
