/**
 * What `authsome doctor` asks of the daemon: whether it and its relay run where they should, and what
 * it finds when it tries everything itself.
 *
 * @module
 */
import type { DaemonClient } from "../../client/daemon_client.ts";
import { daemonStatus } from "../../client/launch.ts";
import { isPortFree, portHolder } from "../../client/port_holder.ts";
import type { Readiness } from "../../core/api.ts";
import type { Settings } from "../../core/config.ts";
import { homePaths } from "../../core/paths.ts";
import { VERSION } from "../../core/version.ts";
import { attempt, broken, type Check, sound, warned } from "./check.ts";

/** The daemon's answer, and the checks made of it. */
export interface DaemonChecks {
  readonly checks: readonly Check[];
  readonly readiness: Readiness | null;
  /** null when it cannot be asked. */
  readonly client: DaemonClient | null;
}

/** Everything about the daemon; it is started where it does not run. */
export async function checkDaemon(
  settings: Settings,
  openClient: () => Promise<DaemonClient>,
): Promise<DaemonChecks> {
  const isOurs = settings.daemonUrl === null;
  const port = isOurs ? await checkPort(settings) : null;
  const before = port === null ? [] : [port];
  if (port !== null && port.state !== "ok") {
    return { checks: before, readiness: null, client: null };
  }
  let client: DaemonClient | null = null;
  const daemon = await attempt("daemon", async () => {
    const opened = await openClient();
    const { version } = await opened.health();
    client = opened;
    if (version !== VERSION) {
      return broken(
        "daemon",
        `The daemon at ${opened.baseUrl} is version ${version}, this is ${VERSION}`,
        "deno install -g -f -A jsr:@authsome/cli    on both machines",
      );
    }
    const detail = `version ${version} at ${opened.baseUrl}`;
    if (!isOurs) return sound("daemon", detail);
    const { daemon_url } = await opened.whoami();
    const wanted = settings.serverBaseUrl ?? opened.baseUrl;
    if (daemon_url === wanted) return sound("daemon", detail);
    // It was told when it was started. It is not started anew for this by any command: two shells
    // with different settings would take turns.
    const problem =
      `The daemon's links begin with ${daemon_url}, and by your settings with ${wanted}`;
    return warned("daemon", detail, problem, "authsome daemon restart");
  });
  if (client === null) return { checks: [...before, daemon], readiness: null, client };
  const relay = isOurs ? [await checkRelay(settings)] : [];
  const asked = await askReadiness(client);
  return {
    checks: [
      ...before,
      daemon,
      ...relay,
      await checkMasterKey(client),
      ...asked.checks,
      await checkAuditLog(client),
    ],
    readiness: asked.readiness,
    client,
  };
}

function checkPort(settings: Settings): Promise<Check> {
  return attempt("port", async () => {
    const { running, baseUrl } = await daemonStatus(homePaths(settings.home));
    const wanted = settings.port;
    if (running) {
      const actual = Number(new URL(baseUrl!).port);
      if (wanted === 0 || wanted === actual) return sound("port");
      const problem = `The daemon listens on port ${actual}, and AUTHSOME_PORT says ${wanted}`;
      return warned("port", null, problem, "authsome daemon restart");
    }
    if (wanted === 0 || isPortFree(wanted)) return sound("port");
    const holder = await portHolder(wanted);
    return broken(
      "port",
      `Port ${wanted} is held by something that is not this home's daemon` +
        (holder === null ? "" : `: ${holder}`),
      "export AUTHSOME_PORT=7999    chooses another one; or stop what holds it",
    );
  });
}

function checkRelay(settings: Settings): Promise<Check> {
  return attempt("relay", async () => {
    const { relay } = await daemonStatus(homePaths(settings.home));
    return relay?.running === true
      ? sound("relay")
      : broken("relay", "The daemon's way out, its relay, has ended", "authsome daemon restart");
  });
}

const KEY_SOURCES: Readonly<Record<string, string>> = {
  environment: "AUTHSOME_MASTER_KEY",
  environment_file: "AUTHSOME_MASTER_KEY_FILE",
  keyring: "the system's keyring",
  passphrase: "your passphrase",
  key_file: "the key file in the home",
};

function checkMasterKey(client: DaemonClient): Promise<Check> {
  return attempt("master_key", async () => {
    const { encryption: { source, status } } = await client.whoami();
    const name = KEY_SOURCES[source] ?? source;
    return status === "ok"
      ? sound("master_key", name)
      : broken("master_key", `The vault does not open with ${name}`, "authsome daemon restart");
  });
}

async function askReadiness(
  client: DaemonClient,
): Promise<{ readonly checks: readonly Check[]; readonly readiness: Readiness | null }> {
  let readiness: Readiness | null = null;
  const failed = await attempt("readiness", async () => {
    readiness = await client.ready();
    return sound("readiness");
  });
  const { checks, findings } = readiness as Readiness | null ?? { checks: null, findings: [] };
  if (checks === null) return { checks: [failed], readiness };
  return {
    checks: Object.entries(checks).map(([name, state]) => ({
      name,
      state,
      detail: null,
      problems: findings.filter(({ check }) => check === name),
    })),
    readiness,
  };
}

function checkAuditLog(client: DaemonClient): Promise<Check> {
  return attempt("audit_log", async () => {
    const { fault } = await client.verifyAuditLog();
    return fault === null ? sound("audit_log") : broken(
      "audit_log",
      `The audit log was changed: ${fault.message}`,
      "authsome log verify    names the place; put server/logs back from a backup",
    );
  });
}
