/**
 * Logging in over SSH: the provider sends the browser to the loopback of the computer it runs on, where
 * nothing answers. The address of that page holds everything; it is pasted into the terminal.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { Session } from "../core/api.ts";
import { readQuietLine } from "./prompt.ts";
import type { Voice } from "./voice.ts";

/** Where every login is sent back to. */
const CALLBACK_PATH = "/auth/callback/oauth";

/**
 * Takes the address whenever it is pasted, until the process ends. Never rejects: how the login went
 * is seen by whoever waits for the session.
 */
export async function takePastedCallback(
  client: DaemonClient,
  session: Session,
  voice: Voice,
): Promise<void> {
  const { next_action, user_code } = session;
  if (user_code !== null || next_action.type !== "open_url") return;
  if (new URL(next_action.url).origin === client.baseUrl) return; // a page of the daemon's own
  voice.instruct("Is that browser on another computer? Then its last page does not load.");
  voice.instruct("Paste the address of that page here and press Enter.");
  for (;;) {
    try {
      const data = readCallback(await readQuietLine());
      if (data !== null) await client.resumeSession(session.id, data);
      else voice.warning(`That is no address of the kind http://127.0.0.1:…${CALLBACK_PATH}?…`);
    } catch {
      return; // The terminal is gone, or the daemon said what the waiting side is about to say.
    }
  }
}

/** What the provider sent along; null when the text is not a callback of ours. */
export function readCallback(text: string): Record<string, string> | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.pathname !== CALLBACK_PATH || !url.searchParams.has("state")) return null;
  return Object.fromEntries(url.searchParams);
}
