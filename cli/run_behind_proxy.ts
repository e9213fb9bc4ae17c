/**
 * One run from beginning to end: the run's identity, its proxy, its files, the child; and nothing of
 * it left afterwards.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { RunIdentity } from "../client/run_identity.ts";
import type { ProxyRoutes } from "../core/api.ts";
import { openOwnerClient } from "../client/owner_client.ts";
import { CredentialMissingError, GrantDeniedError } from "../core/errors.ts";
import type { GrantScope } from "../core/grant.ts";
import type { ConnectTo } from "../proxy/connect_to.ts";
import type { ProxyDoor } from "../proxy/mod.ts";
import type { RunDirectory } from "../proxy/run_directory.ts";
import type { OwnTrust } from "../proxy/trust_store.ts";
import { ChildNotStartedError, runChild } from "./child_process.ts";
import type { CommandContext } from "./command.ts";
import { SignalForwarder } from "./signal_forwarder.ts";
import { surviveFaults } from "./survive_faults.ts";

/** What the command line asks for. */
export interface RunPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** null: every provider's default connection. */
  readonly only: readonly GrantScope[] | null;
  readonly connections: Readonly<Record<string, string>>;
  readonly connectTo: readonly ConnectTo[];
  readonly denyUnmatched: boolean;
}

/** When the child has had time to start, what it may need later is written. */
const LATE_MS = 20;

/**
 * Runs the command; gives its exit code.
 *
 * The daemon works in its own process, so what does not depend on its answer is done meanwhile: the
 * proxy's modules, a third of all that happens here, load while it makes the grant.
 */
export async function runBehindProxy(plan: RunPlan, context: CommandContext): Promise<number> {
  const label = plan.command.slice(plan.command.lastIndexOf("/") + 1);
  const owner = context.openClient();
  const asked = Promise.withResolvers<void>();
  const openOwner = ownerOpener(owner, context);
  const identity = RunIdentity.start({ ...plan, openOwner, label, onAsked: asked.resolve });
  const parts = Promise.race([asked.promise, identity]).then(() => import("../proxy/run_parts.ts"));
  const made = await settleAll({
    identity,
    door: Promise.all([parts, identity]).then(([{ openDoor }, { firstRoutes }]) =>
      openDoor({ knownHosts: firstRoutes.known_hosts, readVariable })
    ),
    directory: parts.then(({ createRunDirectory }) => createRunDirectory()),
    ownTrust: parts.then(({ readOwnTrust }) => readOwnTrust(readVariable)),
  });
  const signals = new SignalForwarder();
  try {
    if (made.failure !== null) throw made.failure;
    await requireLogins(plan, (made.values as Made).identity.firstRoutes, await owner);
    return await startChild(plan, context, await parts, { ...made.values as Made, signals });
  } catch (error) {
    if (!(error instanceof ChildNotStartedError)) throw error;
    context.voice.instruct(`authsome: ${error.message}`);
    return error.exitCode;
  } finally {
    const { identity, door, directory } = made.values;
    // What the proxy reports last is signed with the grant, which therefore ends behind it.
    const ended = (door?.endService() ?? Promise.resolve()).finally(() => identity?.end());
    await Promise.all([ended, door?.close(), directory?.remove()]);
    signals.close();
  }
}

/**
 * Who names a provider wants its login: without it the command would fail for a reason it cannot say.
 *
 * @throws {CredentialMissingError}
 */
async function requireLogins(
  { only }: RunPlan,
  { routes }: ProxyRoutes,
  owner: DaemonClient,
): Promise<void> {
  for (const { provider, connection } of only ?? []) {
    // A connection that was named was looked for by the daemon.
    if (connection !== null || routes.some((route) => route.provider === provider)) continue;
    if (await isLoggedIn(owner, provider)) continue; // to a host that is not known yet
    throw new CredentialMissingError(`Cannot run with ${provider}: nobody is logged in`, {
      provider,
      hint: `Run: authsome login ${provider}`,
    });
  }
}

async function isLoggedIn(owner: DaemonClient, provider: string): Promise<boolean> {
  try {
    const { connections } = await owner.listConnections({ provider, limit: 0 });
    return (connections[0]?.connection_count ?? 0) > 0;
  } catch (error) {
    // Another machine may not ask; no route is all it knows.
    if (error instanceof GrantDeniedError) return false;
    throw error;
  }
}

/** What a run is made of. */
interface Made {
  readonly identity: RunIdentity;
  readonly door: ProxyDoor;
  readonly directory: RunDirectory;
  readonly ownTrust: OwnTrust;
}

/** Waits for all of them, so that what was made can be undone when another one failed. */
async function settleAll(
  making: { readonly [K in keyof Made]: Promise<Made[K]> },
): Promise<{ values: Partial<Made>; failure: unknown }> {
  const values: Record<string, unknown> = {};
  let failure: unknown = null;
  await Promise.all(
    Object.entries<Promise<unknown>>({ ...making }).map(async ([name, promise]) => {
      try {
        values[name] = await promise;
      } catch (error) {
        failure ??= error;
      }
    }),
  );
  return { values, failure };
}

async function startChild(
  { command, args, denyUnmatched, connectTo }: RunPlan,
  { voice, log }: CommandContext,
  { writeTrustFiles, childEnvironment, givenPlaceholders, removeLeftovers }:
    typeof import("../proxy/run_parts.ts"),
  { identity, door, directory, ownTrust, signals }: Made & { readonly signals: SignalForwarder },
): Promise<number> {
  const routes = identity.firstRoutes;
  const trust = writeTrustFiles(door.authority, directory, ownTrust);
  const note = (line: string) => {
    voice.note(`authsome: ${line}`);
    log.record(`run: ${line}`);
  };
  using _alive = surviveFaults(note);
  const env = childEnvironment({
    base: Deno.env.toObject(),
    proxyUrl: door.url,
    proxyPort: door.port,
    trust,
    variables: routes.environment,
  });
  const placeholders = givenPlaceholders(routes.environment, env);
  door.serve({ daemon: identity, routes, denyUnmatched, connectTo, placeholders, note });
  note(describeGrant(routes));
  const tidyUp = async () => {
    trust.writeLate();
    await removeLeftovers(directory.path.slice(0, directory.path.lastIndexOf("/")));
  };
  let late: ReturnType<typeof setTimeout> | undefined;
  const onStarted = () => {
    late = setTimeout(() => tidyUp().catch((error) => log.write(`run: ${error}`)), LATE_MS);
  };
  try {
    return await runChild({ command, args, env, signals, onStarted });
  } finally {
    clearTimeout(late);
  }
}

function readVariable(name: string): string | undefined {
  return Deno.env.get(name);
}

/** The command's own client first; later, when the daemon is to be found again, a new one. */
function ownerOpener(
  first: Promise<DaemonClient>,
  { settings }: CommandContext,
): () => Promise<DaemonClient> {
  let isFirst = true;
  return async () => {
    if (isFirst) {
      isFirst = false;
      return await first;
    }
    return await openOwnerClient(settings);
  };
}

function describeGrant({ routes }: ProxyRoutes): string {
  const granted = [...new Set(routes.map((route) => `${route.provider}/${route.connection}`))];
  if (granted.length === 0) {
    return "there is no login for this run, so the command runs without credentials. " +
      "Run: authsome login PROVIDER";
  }
  const shown = granted.slice(0, 5).join(", ");
  const more = granted.length > 5 ? ` and ${granted.length - 5} more` : "";
  return `granted ${shown}${more}`;
}
