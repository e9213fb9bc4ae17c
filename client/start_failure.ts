/**
 * Why the daemon did not start, from what it left in its log (which holds no secrets).
 *
 * @module
 */
import { START_FAILURE_MARK } from "../core/boot.ts";
import {
  type AuthsomeError,
  DaemonUnavailableError,
  type ErrorEnvelope,
  fromEnvelope,
} from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { tailDaemonLog } from "./daemon_log_file.ts";
import { moduleEntries } from "./module_entries.ts";

/** A start that failed; `not_cached` may succeed after fetching the modules, `port_taken` at once. */
export interface StartFailure {
  readonly type: "not_cached" | "port_taken" | "failed";
  readonly error: AuthsomeError;
}

const LINES_SHOWN = 8;
/** What Deno calls a port that somebody else holds. */
const PORT_TAKEN = /\bAddrInUse\b/;
/** What Deno says when `--cached-only` misses a module or a package. */
const NOT_CACHED = /--cached-only|not found in cache|npm package not found in cache/i;

/** Reads the log from byte `logStart` on, where this start began. */
export function startFailure(paths: HomePaths, logStart: number, what: string): StartFailure {
  const lines = tailDaemonLog(paths, 200, logStart);
  const said = lines.map(saidError).findLast((error) => error !== null);
  const type = lines.some((line) => PORT_TAKEN.test(line)) ? "port_taken" : "failed";
  if (said) return { type, error: said };
  if (lines.some((line) => NOT_CACHED.test(line))) {
    return {
      type: "not_cached",
      error: new DaemonUnavailableError(`Cannot start ${what}: its modules are not cached`, {
        hint: moduleEntries().config === null
          ? "Run: deno install -g -f -A jsr:@authsome/cli"
          : "Run: deno cache daemon/main.ts daemon/relay_main.ts",
      }),
    };
  }
  const shown = lines.slice(-LINES_SHOWN).map((line) => `  ${line}`).join("\n");
  return {
    type,
    error: new DaemonUnavailableError(`Cannot start ${what}: it ended before it was ready`, {
      hint: `The end of ${paths.server.daemonLog} says:\n${shown === "" ? "  nothing" : shown}`,
    }),
  };
}

/** The error a daemon wrote when it gave up; null for any other line. */
function saidError(line: string): AuthsomeError | null {
  const at = line.indexOf(START_FAILURE_MARK);
  if (at < 0) return null;
  try {
    const envelope = JSON.parse(line.slice(at + START_FAILURE_MARK.length)) as ErrorEnvelope;
    return typeof envelope.message === "string" ? fromEnvelope(envelope) : null;
  } catch {
    return null;
  }
}
