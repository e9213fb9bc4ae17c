/**
 * The daemon's life from outside: make sure that it runs, start, stop, ask, serve.
 *
 * A command that finds the daemon running pays for one file and one request; everything that starts
 * or stops processes is loaded only when it is needed.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import { importLater } from "../core/import_later.ts";
import { type HomePaths, homePaths } from "../core/paths.ts";
import { baseUrlOf } from "./daemon_state.ts";
import type { DaemonStatus } from "./daemon_status.ts";
import { findDaemon, type KeepConnection } from "./find_daemon.ts";
import type { TellClaim } from "./claim_identity.ts";
import { auditWholeHome } from "./home.ts";
import type { PromptPassphrase } from "./master_key_source.ts";

/** What starting a daemon may need from the terminal. */
export interface LaunchOptions {
  /** Asks for the vault's passphrase; left out where there is no terminal. */
  readonly promptPassphrase?: PromptPassphrase | undefined;
  /** Says what takes a moment, in a few words. */
  readonly note?: ((text: string) => void) | undefined;
  /**
   * Tells what the owner of a daemon on another machine has to type to let this one in; left out:
   * nobody is asked, and the call fails.
   */
  readonly tellClaim?: TellClaim | undefined;
}

/** A daemon that can be spoken to. */
export interface RunningDaemon {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Whether this call started it. */
  readonly started: boolean;
}

/**
 * The daemon of this home, started when it does not run, started anew when its version differs or its
 * relay has died. With `AUTHSOME_DAEMON_URL` that daemon, untouched and unasked. `keepConnection` takes
 * over the connection on which a daemon that ran already proved itself.
 *
 * @throws {UnsafeHomeError} for a home that others could reach into.
 * @throws {DaemonUnavailableError} when it cannot be started: a port that is held, a start that
 * failed (with the last lines of its log).
 * @throws {MasterKeyError} when the vault's key cannot be had.
 * @throws {StoreUnavailableError} when the home cannot be written.
 */
export async function ensureDaemon(
  settings: Settings,
  paths: HomePaths = homePaths(settings.home),
  options: LaunchOptions = {},
  keepConnection?: KeepConnection,
): Promise<RunningDaemon> {
  if (settings.daemonUrl !== null) return { baseUrl: settings.daemonUrl, started: false };
  auditWholeHome(paths);
  const found = await findDaemon(paths, keepConnection);
  if (found.type === "usable") return { baseUrl: baseUrlOf(found.state), started: false };
  return await startDaemon(settings, paths, options);
}

/** Starts the daemon where none is usable. Throws as {@linkcode ensureDaemon} does. */
export async function startDaemon(
  settings: Settings,
  paths: HomePaths = homePaths(settings.home),
  options: LaunchOptions = {},
): Promise<RunningDaemon> {
  const { startDetached } = await importLater<typeof import("./start_daemon.ts")>(
    "client/start_daemon.ts",
  );
  return await startDetached(settings, paths, options);
}

/** Ends the daemon and its relay; false when neither ran. */
export async function stopDaemon(paths: HomePaths): Promise<boolean> {
  const { endDaemon } = await importLater<typeof import("./stop_daemon.ts")>(
    "client/stop_daemon.ts",
  );
  return await endDaemon(paths);
}

/** What is known of the daemon and its relay; changes nothing. */
export async function daemonStatus(paths: HomePaths): Promise<DaemonStatus> {
  const { readDaemonStatus } = await importLater<typeof import("./daemon_status.ts")>(
    "client/daemon_status.ts",
  );
  return await readDaemonStatus(paths);
}

/**
 * Runs the daemon in the foreground, its log on standard error, until it ends or `signal` aborts.
 * Returns its exit code. Throws as {@linkcode ensureDaemon} does, and when one runs already.
 */
export async function serveDaemon(
  settings: Settings,
  paths: HomePaths = homePaths(settings.home),
  options: LaunchOptions & { readonly signal?: AbortSignal } = {},
): Promise<number> {
  const { serveInForeground } = await importLater<typeof import("./serve_daemon.ts")>(
    "client/serve_daemon.ts",
  );
  return await serveInForeground(settings, paths, options);
}
