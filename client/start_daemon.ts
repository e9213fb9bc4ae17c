/**
 * Starting the relay and the daemon as processes of their own, once, whoever asks.
 *
 * @module
 */
import type { RelayReady } from "../core/boot.ts";
import type { Settings } from "../core/config.ts";
import { DaemonUnavailableError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { type BootMessages, collectBootMessages } from "./boot_messages.ts";
import { confinedCommand } from "./confined_command.ts";
import { daemonFlags, type DaemonPorts, relayFlags } from "./daemon_flags.ts";
import { openDaemonLog } from "./daemon_log_file.ts";
import { baseUrlOf, readDaemonState } from "./daemon_state.ts";
import { findDaemon, type FoundDaemon } from "./find_daemon.ts";
import { challengeDaemon } from "./health_challenge.ts";
import { prepareHome } from "./home.ts";
import type { LaunchOptions, RunningDaemon } from "./launch.ts";
import { settleKeyring } from "./keyring_keys.ts";
import { takeLaunchLock } from "./launch_lock.ts";
import { confinedEnvironment, moduleEntries } from "./module_entries.ts";
import { isPortFree, portHolder } from "./port_holder.ts";
import { endProcess, isAlive } from "./processes.ts";
import { spawnDetached, type Spawned } from "./spawn_detached.ts";
import { type StartFailure, startFailure } from "./start_failure.ts";
import { endProcesses } from "./stop_daemon.ts";

/** Waiting for another command that is starting the daemon; a passphrase may be asked there. */
const LOCK_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 2;
/** Starts that find a port taken, before that is told. */
const MAX_TRIES = 5;

/** Starts the daemon where none is usable. Throws as `ensureDaemon` in `launch.ts` does. */
export async function startDetached(
  settings: Settings,
  paths: HomePaths,
  options: LaunchOptions,
): Promise<RunningDaemon> {
  prepareHome(paths);
  using _lock = await takeLaunchLock(paths, LOCK_TIMEOUT_MS);
  // Whoever held the lock before may have started it.
  const found = await findDaemon(paths);
  if (found.type === "usable") return { baseUrl: baseUrlOf(found.state), started: false };
  const port = await clearTheWay(settings, paths, found, options);
  const boot = await collectBootMessages(settings, paths, options);
  let failure = await launch(boot, paths, port);
  // Somebody took a port after it was found free and before it was held: there are others.
  for (let tries = 1; failure?.type === "port_taken" && tries < MAX_TRIES; tries++) {
    failure = await launch(boot, paths, settings.port);
  }
  if (failure?.type === "not_cached" && moduleEntries().config !== null) {
    options.note?.("fetching the daemon's modules");
    await cacheModules();
    failure = await launch(boot, paths, port);
  }
  if (failure !== null) throw failure.error;
  await settleKeyring(paths, boot.masterKey);
  return { baseUrl: baseUrlOf(readDaemonState(paths)!), started: true };
}

/**
 * Ends what is left of an earlier daemon and settles on a port.
 *
 * @throws {DaemonUnavailableError} when the port is held by something else.
 */
export async function clearTheWay(
  settings: Settings,
  paths: HomePaths,
  found: FoundDaemon,
  options: LaunchOptions,
): Promise<number> {
  if (found.type === "unfit") options.note?.(`restarting the daemon: ${found.reason}`);
  await endProcesses(found, paths);
  if (settings.port !== 0) {
    if (!isPortFree(settings.port)) throw await portHeld(settings.port);
    return settings.port;
  }
  // A `run` that is still going finds the daemon again at the address it knows.
  return found.type !== "none" && isPortFree(found.state.port) ? found.state.port : 0;
}

async function portHeld(port: number): Promise<DaemonUnavailableError> {
  const holder = await portHolder(port);
  return new DaemonUnavailableError(
    `Cannot start the daemon: port ${port} is held by something that is not this home's daemon` +
      (holder === null ? "" : `: ${holder}`),
    { hint: "Stop it, or choose another port: AUTHSOME_PORT=7999" },
  );
}

/**
 * One attempt; null when the daemon runs and has proved itself.
 *
 * The daemon takes three times as long to load as the relay, so both start at once; it gets its boot
 * line, and with it the first secret, when the relay has said that it holds the port.
 */
async function launch(
  boot: BootMessages,
  paths: HomePaths,
  port: number,
): Promise<StartFailure | null> {
  const logStart = openDaemonLog(paths);
  const ports = { port, relayPort: findFreePort() };
  const relay = startRelayProcess(boot, paths, ports.relayPort);
  const bootLine = relay.then((ready) =>
    ready === null ? null : JSON.stringify(boot.daemonFor(ready, port))
  );
  const daemon = await startDaemonProcess(bootLine, paths, ports);
  const ready = await relay;
  if (ready !== null && await provesItself(daemon, boot.instance, paths)) return null;
  // Still there after all that time, it would answer later to nobody's question.
  if (daemon.pid > 1) await endProcess(daemon.pid, 500);
  if (ready !== null) await endProcess(ready.pid, 500);
  return startFailure(paths, logStart, ready === null ? "the egress relay" : "the daemon");
}

/** A port nobody listens on now; somebody may take it before the relay does. */
function findFreePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** Starts the relay; null when it did not say that it listens. Port 0: the system chooses. */
export async function startRelayProcess(
  boot: BootMessages,
  paths: HomePaths,
  port: number,
): Promise<{ readonly port: number; readonly pid: number } | null> {
  const entries = moduleEntries();
  const { pid, line } = await spawnDetached({
    ...confinedCommand("relay", entries.relay, relayFlags(entries), paths.home),
    env: confinedEnvironment(Deno.env.get),
    cwd: paths.server.dir,
    bootLine: JSON.stringify(boot.relayAt(port)),
    log: paths.server.daemonLog,
    readsLine: true,
  });
  const ready = line === null ? null : JSON.parse(line) as RelayReady;
  return ready === null ? null : { port: ready.port, pid };
}

async function startDaemonProcess(
  bootLine: Promise<string | null>,
  paths: HomePaths,
  ports: DaemonPorts,
): Promise<Spawned> {
  const entries = moduleEntries();
  const flags = daemonFlags(entries, paths.server.dir, ports);
  return await spawnDetached({
    ...confinedCommand("daemon", entries.daemon, flags, paths.home),
    env: confinedEnvironment(Deno.env.get),
    cwd: paths.server.dir,
    bootLine,
    log: paths.server.daemonLog,
    readsLine: false,
  });
}

/** Whether the daemon of this boot has written its state and answers its challenge in time. */
export async function provesItself(
  daemon: { readonly pid: number },
  instance: string,
  paths: HomePaths,
): Promise<boolean> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until) {
    const state = readDaemonState(paths);
    if (state?.instance === instance) {
      return (await challengeDaemon(state, until - Date.now())).type === "ours";
    }
    if (!isAlive(daemon.pid)) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

/** A checkout that was never run: fetches what the lock file names, once. */
async function cacheModules(): Promise<void> {
  const entries = moduleEntries();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", `--config=${entries.config}`, entries.daemon, entries.relay],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === 0) return;
  const said = /^error: (.*)$/m.exec(new TextDecoder().decode(stderr))?.[1] ?? `exit code ${code}`;
  throw new DaemonUnavailableError(`Cannot fetch the daemon's modules: ${said}`, {
    hint: "Check the network, then run: deno cache daemon/main.ts daemon/relay_main.ts",
  });
}
