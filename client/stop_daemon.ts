/**
 * Ending the daemon and its relay, and nothing else: a number in a file may belong to somebody
 * else's process by now.
 *
 * @module
 */
import type { HomePaths } from "../core/paths.ts";
import { findDaemon, type FoundDaemon } from "./find_daemon.ts";
import { endProcess, isOurs } from "./processes.ts";

/**
 * How long a daemon may take to end: it waits up to ten seconds for refreshes under way, because a
 * token that was rotated and not written down is lost.
 */
export const DAEMON_GRACE_MS = 15_000;

/** Ends both processes of this home; false when neither ran. */
export async function endDaemon(paths: HomePaths): Promise<boolean> {
  return await endProcesses(await findDaemon(paths), paths);
}

/** Ends what was found, and a daemon that lost its state file; false when nothing ran. */
export async function endProcesses(found: FoundDaemon, paths: HomePaths): Promise<boolean> {
  let ended = false;
  if (found.type !== "none") {
    const { pid, relay_pid } = found.state;
    // One that answered the challenge wrote the state itself: its number is right.
    if (found.type !== "gone" || await isOurs(pid, "daemon", paths.home)) {
      // Also one that does not answer: it may be slow, on a machine that is, and not hang.
      await endProcess(pid, DAEMON_GRACE_MS);
      ended = true;
    }
    // Ends by itself with the daemon, unless it hangs.
    if (await isOurs(relay_pid, "relay", paths.home)) {
      await endProcess(relay_pid);
      ended = true;
    }
  }
  const orphan = lockHolder(paths);
  if (orphan !== null && await isOurs(orphan, "daemon", paths.home)) {
    // Perhaps it is stopping right now: then it has taken its state file away.
    await endProcess(orphan, DAEMON_GRACE_MS);
    ended = true;
  }
  return ended;
}

/** Who wrote its number into the vault's lock last; it may have ended long ago. */
function lockHolder(paths: HomePaths): number | null {
  try {
    const text = Deno.readTextFileSync(paths.server.lock).trim();
    return /^\d{1,10}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
