/**
 * What the daemon does by itself: old sessions and grants are forgotten, the audit log is signed, and
 * definition files that were dropped into the home are read.
 *
 * @module
 */
import { adoptSessions, forgetSessions } from "./auth_sessions.ts";
import type { BackgroundTasks } from "./background_tasks.ts";
import type { Broker } from "./broker/broker.ts";
import type { EgressPolicy } from "./egress_policy.ts";
import type { Log } from "./log.ts";
import { pruneGrants } from "./records/grants.ts";

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
/** Ended grants are kept this long, for the dashboard. */
const GRANTS_KEPT_MS = 24 * HOUR_MS;
/** A file is written in several steps; it is read when it has been quiet for so long. */
const QUIET_MS = 100;

/** What is looked after. */
export interface House {
  readonly broker: Broker;
  readonly tasks: BackgroundTasks;
  /** Signs the end of the audit log. */
  readonly signLog: () => Promise<void>;
  readonly policy: EgressPolicy;
  readonly providersDir: string;
  readonly log: Log;
}

/** Starts looking after the house, until the tasks are stopped. */
export function keepHouse(house: House): void {
  const { broker, tasks, signLog, policy, log } = house;
  tasks.start(async () => {
    await adoptSessions(broker);
    await forgetSessions(broker);
  });
  tasks.start((signal) => watchDefinitions(house, signal));
  broker.changes.subscribe((change) => {
    if (change.type === "providers") void policy.allowDefinitions(broker.catalogue.all());
  });
  const timer = setInterval(() => {
    tasks.start(async () => {
      await forgetSessions(broker);
      await pruneGrants(broker.vault, new Date(broker.now().getTime() - GRANTS_KEPT_MS));
      await signLog();
    });
  }, HOUR_MS);
  const minutes = setInterval(() => {
    // deno-lint-ignore require-await -- a log that cannot be written is told as a task that failed
    tasks.start(async () => broker.usage.flush());
  }, MINUTE_MS);
  tasks.signal.addEventListener("abort", () => {
    clearInterval(timer);
    clearInterval(minutes);
  }, { once: true });
  for (const { file, problem } of broker.catalogue.broken) {
    log.warn("a provider file cannot be used", { file, problem });
  }
}

/** Reads the definitions again whenever a file in their folder changed. */
async function watchDefinitions(
  { broker, providersDir, log }: House,
  signal: AbortSignal,
): Promise<void> {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(providersDir, { recursive: false });
  } catch (cause) {
    log.error("cannot watch the provider files; a restart reads them", cause);
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    watcher.close();
  }, { once: true });
  for await (const event of watcher) {
    if (event.kind === "access") continue;
    clearTimeout(timer);
    timer = setTimeout(() => void readAgain(broker, log), QUIET_MS);
  }
}

async function readAgain(broker: Broker, log: Log): Promise<void> {
  try {
    if (!await broker.catalogue.reload()) return;
    log.info("provider files were read again");
    broker.changes.publish({ type: "providers" });
  } catch (cause) {
    log.error("cannot read the provider files", cause);
  }
}
