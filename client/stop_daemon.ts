/**
 * Ending the daemon and its relay, and nothing else: a number in a file may belong to somebody
 * else's process by now.
 *
 * @module
 */
import type { DaemonState } from "../core/boot.ts";
import type { HomePaths } from "../core/paths.ts";
import { findDaemon } from "./find_daemon.ts";
import { moduleEntries } from "./module_entries.ts";
import { endProcess, isOurs } from "./processes.ts";

/** Ends both processes of this home; false when neither ran. */
export async function endDaemon(paths: HomePaths): Promise<boolean> {
  const found = await findDaemon(paths);
  if (found.type === "none") return false;
  // One that answered the challenge wrote the state itself: its number is right whatever
  // version's command line it has.
  return await endProcesses(found.state, paths, found.type !== "gone");
}

/**
 * Ends what `state` names; `proven` says that the daemon has just proved itself.
 *
 * @returns false when neither process ran.
 */
export async function endProcesses(
  state: DaemonState,
  paths: HomePaths,
  proven: boolean,
): Promise<boolean> {
  const { daemon, relay } = moduleEntries();
  // The relay ends by itself with the daemon; the other way round the daemon would report it.
  const endedDaemon = proven || await isOurs(state.pid, daemon, paths.home);
  if (endedDaemon) await endProcess(state.pid);
  const endedRelay = await isOurs(state.relay_pid, relay, paths.home);
  if (endedRelay) await endProcess(state.relay_pid);
  return endedDaemon || endedRelay;
}
