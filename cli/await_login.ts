/**
 * Waits for a login that goes on elsewhere: in the browser, or on another device.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { Session } from "../core/api.ts";
import {
  AuthorizationResponseError,
  DaemonUnavailableError,
  InputCancelledError,
  LoginExpiredError,
} from "../core/errors.ts";
import { pause } from "../core/pause.ts";
import { openBrowser } from "./browser.ts";
import { showProgress } from "./progress.ts";
import { describeWait } from "./relative_time.ts";
import type { Voice } from "./voice.ts";

const POLL_MS = 500;
/** A daemon that is being restarted comes back; the session survives it. */
const MAX_FAILED_POLLS = 20;

/** The page a person has to open, or null. */
export function pageOf(session: Session): string | null {
  if (session.user_code !== null) {
    return session.verification_uri_complete ?? session.verification_uri;
  }
  return session.next_action.type === "open_url" ? session.next_action.url : null;
}

/** Says where to go, and opens the page unless `opensBrowser` is false. */
export function sendToPage(voice: Voice, session: Session, opensBrowser: boolean): void {
  const url = pageOf(session);
  if (url === null) return;
  const opened = opensBrowser && openBrowser(url);
  if (session.user_code !== null) {
    voice.instruct(`Enter this code:  ${session.user_code}`);
    voice.instruct(`on this page:     ${session.verification_uri ?? url}`);
    if (opened) voice.note("The page is opening in your browser.");
    return;
  }
  voice.instruct(
    opened ? "Opening your browser. If nothing happens, open this page:" : "Open this page:",
  );
  voice.instruct(`  ${url}`);
}

/**
 * Polls until the login is done.
 *
 * @throws {AuthorizationResponseError} when it failed. @throws {LoginExpiredError} when time ran out.
 * @throws {InputCancelledError} when it was cancelled, here or in the browser.
 */
export async function awaitLogin(
  client: DaemonClient,
  begun: Session,
  voice: Voice,
  signal: AbortSignal,
): Promise<Session> {
  let session = begun;
  let failures = 0;
  const left = () => new Date(session.expires_at).getTime() - Date.now();
  using _progress = showProgress(voice, () => {
    return `Waiting for you to finish (${describeWait(left())} left, Ctrl-C cancels)`;
  });
  if (voice.columns === null) sayWhatIsAwaited(voice, session, left());
  while (!isOver(session)) {
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
    try {
      const next = await client.getSession(session.id, { signal });
      if (asksAgain(session, next)) askOnPage(voice, next);
      session = next;
      failures = 0;
    } catch (error) {
      if (!(error instanceof DaemonUnavailableError) || ++failures > MAX_FAILED_POLLS) throw error;
    }
  }
  return requireDone(session);
}

/** Whether the provider refused what was entered, so that the daemon wants it once more. */
function asksAgain(before: Session, now: Session): boolean {
  return now.input_fields.length > 0 && now.error !== null &&
    (before.input_fields.length === 0 || before.error !== now.error);
}

function askOnPage(voice: Voice, session: Session): void {
  voice.warning(session.error ?? "what was entered was refused");
  voice.instruct("Enter it again on this page:");
  voice.instruct(`  ${pageOf(session)}`);
}

/**
 * The session when it is completed.
 *
 * @throws as {@linkcode awaitLogin} does.
 */
export function requireDone(session: Session): Session {
  const { provider, connection, status, error } = session;
  const ref = connection === "default" ? provider : `${provider}/${connection}`;
  const details = { provider, connection, hint: `Run: authsome login ${ref}` };
  switch (status) {
    case "failed":
      // The daemon's own sentence, as it stands on the page.
      throw new AuthorizationResponseError(
        error ?? `Cannot log in to ${provider}: the provider refused`,
        details,
      );
    case "expired":
      throw new LoginExpiredError(`Cannot log in to ${provider}: nobody finished in time`, details);
    case "cancelled":
      throw new InputCancelledError(`Cannot log in to ${provider}: it was cancelled`, details);
    default:
      return session;
  }
}

/** In a script or a log file, where no line is live: a wait that says nothing looks like a fault. */
function sayWhatIsAwaited(voice: Voice, session: Session, leftMs: number): void {
  const minutes = Math.max(Math.round(leftMs / 60_000), 1);
  const longest = minutes === 1 ? "a minute" : `${minutes} minutes`;
  voice.note(`Waiting until that is done, at most ${longest}. Ctrl-C cancels.`);
  if (session.flow !== "api_key" || session.input_fields.length === 0) return;
  const { provider, connection } = session;
  const ref = connection === "default" ? provider : `${provider}/${connection}`;
  voice.note(`To give the key here instead: authsome login ${ref} --stdin`);
}

function isOver({ status }: Session): boolean {
  return status === "completed" || status === "failed" || status === "expired" ||
    status === "cancelled";
}
