/**
 * What `authsome daemon status` shows.
 *
 * @module
 */
import type { HomePaths } from "../core/paths.ts";
import { baseUrlOf } from "./daemon_state.ts";
import { findDaemon } from "./find_daemon.ts";
import { isAlive } from "./processes.ts";

/** The daemon, its relay, and where to look. */
export interface DaemonStatus {
  /** It proved itself on its port. */
  readonly running: boolean;
  readonly baseUrl: string | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** ISO time. */
  readonly startedAt: string | null;
  readonly relay: { readonly pid: number; readonly running: boolean } | null;
  readonly log: string;
  /** Why the next command will start it anew, or who sits on its port; null when all is well. */
  readonly problem: string | null;
}

/** Looks, and changes nothing. */
export async function readDaemonStatus(paths: HomePaths): Promise<DaemonStatus> {
  const found = await findDaemon(paths);
  const log = paths.server.daemonLog;
  if (found.type === "none") {
    return {
      running: false,
      baseUrl: null,
      pid: null,
      version: null,
      startedAt: null,
      relay: null,
      log,
      problem: null,
    };
  }
  const { state } = found;
  const running = found.type !== "gone";
  const relayRuns = isAlive(state.relay_pid) && (!running || found.health.egress === "ok");
  return {
    running,
    baseUrl: baseUrlOf(state),
    pid: running ? state.pid : null,
    version: running ? found.health.version : null,
    startedAt: running ? state.started_at : null,
    relay: running ? { pid: state.relay_pid, running: relayRuns } : null,
    log,
    problem: problemOf(found),
  };
}

function problemOf(found: Exclude<Awaited<ReturnType<typeof findDaemon>>, { type: "none" }>) {
  if (found.type === "usable") return null;
  if (found.type === "unfit") return found.reason;
  return found.stranger
    ? `port ${found.state.port} is held by something that is not this home's daemon`
    : null;
}
