/**
 * The daemon in the foreground, for a terminal, a container or a service manager: its log goes to
 * standard error, and it ends with this process.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import { DaemonUnavailableError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { collectBootMessages } from "./boot_messages.ts";
import { confinedCommand } from "./confined_command.ts";
import { daemonFlags } from "./daemon_flags.ts";
import { openDaemonLog } from "./daemon_log_file.ts";
import { baseUrlOf, readDaemonState } from "./daemon_state.ts";
import { findDaemon } from "./find_daemon.ts";
import { prepareHome } from "./home.ts";
import type { LaunchOptions } from "./launch.ts";
import { settleKeyring } from "./keyring_keys.ts";
import { takeLaunchLock } from "./launch_lock.ts";
import { confinedEnvironment, moduleEntries } from "./module_entries.ts";
import { endProcess } from "./processes.ts";
import { clearTheWay, provesItself, startRelayProcess } from "./start_daemon.ts";
import { startFailure } from "./start_failure.ts";
import { DAEMON_GRACE_MS } from "./stop_daemon.ts";

const LOCK_TIMEOUT_MS = 10_000;

/**
 * Serves until the daemon ends or `signal` aborts; returns its exit code.
 *
 * @throws {DaemonUnavailableError} when this home's daemon runs already, or cannot be started.
 */
export async function serveInForeground(
  settings: Settings,
  paths: HomePaths,
  options: LaunchOptions & { readonly signal?: AbortSignal },
): Promise<number> {
  prepareHome(paths);
  const lock = await takeLaunchLock(paths, LOCK_TIMEOUT_MS);
  let daemon: Deno.ChildProcess;
  let relayPid: number;
  try {
    const found = await findDaemon(paths);
    if (found.type === "usable") throw runsAlready(baseUrlOf(found.state));
    const port = await clearTheWay(settings, paths, found, options);
    const boot = await collectBootMessages(settings, paths, options);
    const logStart = openDaemonLog(paths);
    const relay = await startRelayProcess(boot, paths, 0);
    if (relay === null) throw startFailure(paths, logStart, "the egress relay").error;
    relayPid = relay.pid;
    daemon = spawnHere(paths, { port, relayPort: relay.port });
    await writeBootLine(daemon, JSON.stringify(boot.daemonFor(relay, port)));
    if (await provesItself(daemon, boot.instance, paths)) {
      await settleKeyring(paths, boot.masterKey);
      options.note?.(`serving on ${baseUrlOf(readDaemonState(paths)!)}`);
    }
  } finally {
    lock[Symbol.dispose]();
  }
  const stop = () => void endProcess(daemon.pid, DAEMON_GRACE_MS);
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  try {
    return (await daemon.status).code;
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await endProcess(relayPid);
  }
}

/** A daemon that ended before it read has said why on standard error; its exit code follows. */
async function writeBootLine(daemon: Deno.ChildProcess, line: string): Promise<void> {
  const writer = daemon.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(`${line}\n`));
    await writer.close();
  } catch {
    await writer.abort().catch(() => {});
  }
}

/** In its own session all the same: Ctrl-C reaches this process, which then ends it in order. */
function spawnHere(
  paths: HomePaths,
  ports: { readonly port: number; readonly relayPort: number },
): Deno.ChildProcess {
  const entries = moduleEntries();
  const flags = daemonFlags(entries, paths.server.dir, ports);
  const { program, args } = confinedCommand("daemon", entries.daemon, flags, paths.home);
  const shell = Deno.build.os !== "windows";
  return new Deno.Command(shell ? "/bin/sh" : program, {
    args: shell ? ["-c", 'umask 077; exec "$@"', "sh", program, ...args] : [...args],
    clearEnv: true,
    env: confinedEnvironment(Deno.env.get),
    cwd: paths.server.dir,
    detached: true,
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
}

function runsAlready(baseUrl: string): DaemonUnavailableError {
  return new DaemonUnavailableError(`Cannot serve: this home's daemon runs already at ${baseUrl}`, {
    hint: "Run: authsome daemon stop",
  });
}
