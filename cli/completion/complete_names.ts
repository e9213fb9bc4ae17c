/**
 * `authsome __complete KIND WORD PROVIDER`: the names that a shell offers, one a line.
 *
 * Somebody waits for it with a finger on a key: nothing is started, and what goes wrong is an empty
 * list. Providers come from the register and the home's own files; connections are asked for only
 * where a daemon runs already.
 *
 * @module
 */
import { baseUrlOf } from "../../client/daemon_state.ts";
import { readSettings, type Settings } from "../../core/config.ts";
import { homePaths } from "../../core/paths.ts";
import { isName } from "../../core/provider.ts";

/** The names for what is being typed; empty when nobody knows any. */
export async function completeNames(args: readonly string[]): Promise<readonly string[]> {
  const [kind = "", word = "", provider = ""] = args;
  try {
    const settings = readSettings((name) => Deno.env.get(name));
    if (kind === "providers") return await providerNames(settings);
    if (kind === "profiles") return profileNames(settings);
    if (kind === "refs" && !word.includes("/")) return await providerNames(settings);
    if (kind === "connections") return await connectionNames(settings, provider.split("/")[0]!);
    if (kind !== "refs") return [];
    const name = word.split("/")[0]!;
    const names = await connectionNames(settings, name);
    return names.map((connection) => `${name}/${connection}`);
  } catch {
    return [];
  }
}

async function providerNames(settings: Settings): Promise<string[]> {
  const { bundledProviders } = await import("../../providers/mod.ts");
  const custom = filesOf(homePaths(settings.home).server.providers, ".json");
  return [...new Set([...bundledProviders().map(({ name }) => name), ...custom])].sort();
}

function profileNames(settings: Settings): string[] {
  return filesOf(homePaths(settings.home).client.identities, ".key");
}

/** The names in a folder, without their ending. */
function filesOf(directory: string, ending: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name)
      .filter((name) => name.endsWith(ending))
      .map((name) => name.slice(0, -ending.length)).filter(isName).sort();
  } catch {
    return [];
  }
}

async function connectionNames(settings: Settings, provider: string): Promise<string[]> {
  const { findDaemon } = await import("../../client/find_daemon.ts");
  const { loadSigner } = await import("../../client/identity.ts");
  const { DaemonClient } = await import("../../client/daemon_client.ts");
  const signer = await loadSigner(settings);
  const found = settings.daemonUrl === null ? await findDaemon(homePaths(settings.home)) : null;
  if (signer === null || (found !== null && found.type !== "usable")) return [];
  const baseUrl = found === null ? settings.daemonUrl! : baseUrlOf(found.state);
  using client = new DaemonClient({ baseUrl, signer, timeoutMs: 2000 });
  const { connections } = await client.listConnections({ provider });
  return connections.flatMap((entry) =>
    entry.connections.map(({ connection_name }) => connection_name)
  );
}
