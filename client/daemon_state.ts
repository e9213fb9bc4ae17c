/**
 * Reading `server/daemon/daemon.json`: where this home's daemon was last seen.
 *
 * @module
 */
import type { DaemonState } from "../core/boot.ts";
import type { HomePaths } from "../core/paths.ts";

/**
 * The state the daemon wrote, or null when there is none or it is damaged: then nothing is known,
 * and starting a daemon writes it anew.
 */
export function readDaemonState(paths: HomePaths): DaemonState | null {
  let data: unknown;
  try {
    data = JSON.parse(Deno.readTextFileSync(paths.server.state));
  } catch {
    return null;
  }
  return isDaemonState(data) ? data : null;
}

function isDaemonState(data: unknown): data is DaemonState {
  if (typeof data !== "object" || data === null) return false;
  const { pid, relay_pid, host, port, version, instance, started_at, master_key = 0 } =
    data as Partial<Record<keyof DaemonState, unknown>>;
  if (!isNumber(master_key, 0)) return false;
  return isNumber(pid, 1) && isNumber(relay_pid, 0) && isNumber(port, 1) && host === "127.0.0.1" &&
    [version, instance, started_at].every((text) => typeof text === "string" && text !== "");
}

function isNumber(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

/** Base URL of the daemon at this state. */
export function baseUrlOf(state: DaemonState): string {
  return `http://${state.host}:${state.port}`;
}
