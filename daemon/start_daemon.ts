/**
 * Brings the daemon up: home audited, lock held, vault open, relay connected, port bound, state
 * written; and takes it down in the opposite order.
 *
 * @module
 */
import type { ReadyCheck } from "../core/api.ts";
import type { DaemonBoot, DaemonState } from "../core/boot.ts";
import { type HomePaths, homePaths } from "../core/paths.ts";
import { bundledProviders } from "../providers/mod.ts";
import { createApp } from "./app.ts";
import { readAuditSigner } from "./audit_key.ts";
import { readAuditHead, rememberEnd, rememberingVault, signAuditLog } from "./audit_head.ts";
import { AuditLog } from "./audit_log.ts";
import { auditTrail } from "./audit_trail.ts";
import { BackgroundTasks } from "./background_tasks.ts";
import type { Broker, Probe } from "./broker/broker.ts";
import { ProviderCatalogue } from "./broker/provider_catalogue.ts";
import { checkIntegrity } from "./broker/integrity.ts";
import { endRefreshes } from "./broker/refresh_connection.ts";
import { auditServer, selfTest } from "./confinement.ts";
import { masterKeyChanger } from "./change_master_key.ts";
import { createBroker } from "./create_broker.ts";
import { customDefinitions } from "./custom_definitions.ts";
import { openEgress } from "./egress.ts";
import { type EgressControl, openEgressControl } from "./egress_control.ts";
import { egressPolicy } from "./egress_policy.ts";
import { flows } from "./flows/mod.ts";
import { HttpDoor } from "./http_door.ts";
import { keepHouse } from "./housekeeping.ts";
import type { Log } from "./log.ts";
import { ownAddresses } from "./middleware/origin.ts";
import { applyPendingDefinitions } from "./records/pending_definitions.ts";
import { ReplayMemory } from "./replay_memory.ts";
import { readDaemonSettings } from "./settings.ts";
import { removeIfThere, replaceVolatileFile } from "./vault/durable_file.ts";
import { holdSingleInstance } from "./vault/single_instance.ts";
import { openSqliteVault } from "./vault/sqlite_vault.ts";
import { fileDamage } from "./vault/file_damage.ts";
import type { Vault } from "./vault/vault.ts";
import { heldFile, heldFileIsGone } from "./watch_held_files.ts";

/** A running daemon. */
export interface RunningDaemon {
  readonly port: number;
  /** Ends it in order; again does nothing more. */
  stop(): Promise<void>;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
}

/** How long requests under way are waited for at the stop, in milliseconds. */
const DRAIN_MS = 2000;
/** How long refreshes and logins at a provider are waited for; the launcher's patience is longer. */
const PROVIDER_PATIENCE_MS = 10_000;
/** When the relay is told of the definitions' hosts although none of them is wanted yet. */
const TELL_RELAY_AFTER_MS = 200;

/**
 * Starts the daemon that the boot line describes.
 *
 * @throws {UnsafeHomeError} @throws {StoreUnavailableError} @throws {MasterKeyError}
 * @throws {Deno.errors.AddrInUse} when the port is held by another process.
 */
export async function startDaemon(boot: DaemonBoot, log: Log): Promise<RunningDaemon> {
  const paths = homePaths(boot.home);
  const now = () => new Date();
  // What was opened, to be closed in the opposite order, also when the start fails half-way.
  await using cleanup = new AsyncDisposableStack();
  auditServer(paths);
  const lock = holdSingleInstance(paths.server.lock, Deno.pid);
  cleanup.defer(() => lock.release());
  const lockFile = heldFile(paths.server.lock);
  const { config, registrationToken } = readDaemonSettings(paths);
  const [store, control] = await Promise.all([
    openSqliteVault({
      path: paths.server.vault,
      keyFilePath: paths.server.masterKey,
      masterKey: boot.master_key,
      // The lock is held.
      isAlone: true,
    }),
    openEgressControl(boot.relay),
  ]);
  cleanup.defer(() => store.close());
  const vaultFile = heldFile(paths.server.vault);
  cleanup.defer(() => control.close());
  const audit = AuditLog.open({
    path: paths.server.auditLog,
    signer: await readAuditSigner(store),
    now,
    remembered: await readAuditHead(store),
  });
  cleanup.defer(() => audit.close());
  // Behind the last request. Without it (a full disk) the next start accepts what a killed daemon may have written.
  cleanup.defer(() => rememberEnd(audit, store).catch((cause) => log.error("audit log", cause)));
  const vault = rememberingVault(store, () => audit.head);
  const replay = ReplayMemory.open({ path: paths.server.replay, now });
  cleanup.defer(() => replay.close());
  const tasks = new BackgroundTasks((cause) => log.error("background task failed", cause));
  cleanup.defer(() => tasks.stop());

  let port = boot.port;
  let own = ownAddresses(port, boot.base_url);
  const policy = egressPolicy(control);
  const definitions = customDefinitions(paths.server.providers);
  if (await applyPendingDefinitions(vault, definitions)) {
    log.info("the definitions of a restore that was cut short are written");
  }
  const catalogue = await ProviderCatalogue.open(bundledProviders(), definitions);
  // Some four hundred hosts, which no first answer needs: told when there is time, or when one of
  // them is to be reached.
  let toldRelay: Promise<void> | null = null;
  const tellRelay = () => toldRelay ??= policy.allowDefinitions(catalogue.all());
  const broker = createBroker({
    home: boot.home,
    version: boot.version,
    settings: config,
    encryption: {
      mode: boot.master_key.source === "key_file" ? "local_key" : boot.master_key.source,
      source: boot.master_key.source,
      status: "ok",
    },
    registrationToken,
    vault,
    changeKeys: masterKeyChanger({
      vault: store,
      source: boot.master_key.source,
      keyFilePath: paths.server.masterKey,
      now,
      onStep: (step) => log.info(`changing the keys: ${step}`),
    }),
    ownsVault: true,
    catalogue,
    flows,
    now,
    ...openEgress(boot.relay, { extraRoots: boot.extra_roots, ready: tellRelay }),
    allowHosts: policy.allowHosts,
    allowProvider: policy.allowProvider,
    baseUrl: () => boot.base_url ?? `http://${boot.host}:${port}`,
    audit: (...events) => audit.append(...events),
    auditTrail: auditTrail(audit),
    warn: (message, cause) => cause === undefined ? log.warn(message) : log.error(message, cause),
    probes: probes(paths, control, store),
    background: (task) => tasks.start(task),
    stopping: tasks.signal,
  });
  const app = createApp({
    broker,
    proofs: {
      now,
      identify: (proof) => broker.callers.identify(proof),
      useOnce: (proof) => replay.useOnce(proof),
    },
    health: {
      version: boot.version,
      instance: boot.instance,
      egress: () => control.isUp ? "ok" : "down",
    },
    own: () => own,
    log,
  });
  const door = new HttpDoor(boot.host, boot.port, (request) => app.fetch(request), {
    onReopened: (cause) => log.error("the port let nobody in any more; it is opened anew", cause),
    onLost: (cause) => {
      log.error("the port cannot be opened anew: the daemon ends", cause);
      void stop();
    },
  });
  port = door.port;
  own = ownAddresses(port, boot.base_url);
  cleanup.defer(() => door.close(DRAIN_MS));

  const signLog = () => signAuditLog(audit, store);
  // First, so that whoever waits for it sends the challenge while the rest is done: nothing below
  // waits, so nobody is answered before.
  writeState(paths, boot, port, store.master);
  try {
    audit.append({ event: "daemon_start", status: "success", details: { version: boot.version } });
    await signLog();
  } catch (error) {
    removeState(paths);
    throw error;
  }
  keepHouse({ broker, tasks, signLog, policy, providersDir: paths.server.providers, log });
  const telling = setTimeout(() => void tellRelay(), TELL_RELAY_AFTER_MS);
  tasks.signal.addEventListener("abort", () => clearTimeout(telling), { once: true });
  const started = cleanup.move();
  log.info("daemon started", { version: boot.version, port, pid: Deno.pid });
  void control.down.then(() => {
    if (!tasks.signal.aborted) log.warn("the egress relay is gone; the next command restarts it");
  });

  const finished = Promise.withResolvers<void>();
  let stopping = false;
  const stop = async ({ homeIsGone = false } = {}): Promise<void> => {
    if (stopping) return await finished.promise;
    stopping = true;
    log.info("daemon stopping");
    // What lies there now may be another daemon's.
    if (!homeIsGone) removeState(paths);
    // Cut off now, a token that the provider has rotated, or a code that it has taken, would be lost.
    await Promise.all([
      endRefreshes(broker, PROVIDER_PATIENCE_MS),
      broker.exchanges.settle(PROVIDER_PATIENCE_MS),
    ]);
    // Streams end and polls stop first, so that the server has nothing left to wait for.
    await tasks.stop();
    try {
      broker.usage.flush();
      audit.append({ event: "daemon_stop", status: "success" });
      await signLog();
    } catch (cause) {
      // A full disk keeps nobody from stopping the daemon.
      log.error("cannot end the audit log in order", cause);
    }
    await started.disposeAsync();
    log.info("daemon stopped");
    finished.resolve();
  };
  tasks.start(async (signal) => {
    const path = await heldFileIsGone([vaultFile, lockFile], signal);
    if (path === null) return;
    log.warn("a file that the daemon holds was removed or replaced: it ends", { path });
    void stop({ homeIsGone: true });
  });
  return { port, stop: () => stop(), finished: finished.promise };
}

/**
 * Checks that only the process can make. The self-test runs once, when it is first asked for: the
 * flags do not change.
 */
function probes(paths: HomePaths, control: EgressControl, store: Vault): Broker["probes"] {
  let confined: ReturnType<typeof selfTest> | null = null;
  const checks: Partial<Record<ReadyCheck, Probe>> = {
    config: () => {
      readDaemonSettings(paths);
      auditServer(paths);
      return "ok";
    },
    integrity: () => checkIntegrity(store, fileDamage(paths.server.vault)),
    confinement: async () => {
      const { ok, allowed } = await (confined ??= selfTest(paths));
      if (ok) return "ok";
      const problem = `The daemon is not confined; it can: ${allowed.join(", ")}`;
      return { code: "leaking", problem };
    },
    egress: () =>
      control.isUp ? "ok" : {
        code: "down",
        problem: "The egress relay is gone",
      },
  };
  return checks;
}

function writeState(paths: HomePaths, boot: DaemonBoot, port: number, masterKey: number): void {
  const state: DaemonState = {
    pid: Deno.pid,
    relay_pid: boot.relay.pid,
    host: boot.host,
    port,
    version: boot.version,
    instance: boot.instance,
    started_at: new Date().toISOString(),
    ...(boot.master_key.others === undefined ? {} : { master_key: masterKey }),
  };
  const bytes = new TextEncoder();
  replaceVolatileFile(paths.server.pid, bytes.encode(`${Deno.pid}\n`));
  replaceVolatileFile(paths.server.state, bytes.encode(`${JSON.stringify(state)}\n`));
}

function removeState(paths: HomePaths): void {
  removeIfThere(paths.server.state);
  removeIfThere(paths.server.pid);
}
