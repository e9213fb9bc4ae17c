/**
 * Starts `bare_run.ts` with the daemon and the identity of a home.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { DaemonState } from "../core/boot.ts";
import { homePaths } from "../core/paths.ts";
import { ROOT, type TemporaryHome } from "../tests/support/temporary_home.ts";
import type { Contestant } from "./proxy_stage.ts";
import { RUNTIME_ENVIRONMENT } from "./runtime_environment.ts";

/** The script. */
export const BARE_RUN: string = fileURLToPath(new URL("./bare_run.ts", import.meta.url));

/**
 * Its arguments for the daemon of this home and the first identity in it.
 *
 * @throws {Error} where there is none.
 */
export async function bareRunArguments(
  home: TemporaryHome,
  ...command: readonly string[]
): Promise<string[]> {
  const { server, client } = homePaths(home.path);
  const { port }: DaemonState = JSON.parse(await Deno.readTextFile(server.state));
  for await (const { name } of Deno.readDir(client.identities)) {
    const handle = /^(.+)\.key$/.exec(name)?.[1];
    if (handle === undefined) continue;
    const seed = (await Deno.readTextFile(`${client.identities}/${name}`)).trim();
    return [String(port), handle, seed, ...command];
  }
  throw new Error(`there is no identity in ${home.path}`);
}

/** One whose child says that it runs, and goes on until its input ends. */
export async function startBareRun(home: TemporaryHome): Promise<Contestant> {
  const args = await bareRunArguments(home, "sh", "-c", "echo up; cat");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", BARE_RUN, ...args],
    cwd: ROOT,
    env: { ...RUNTIME_ENVIRONMENT },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    name: "bare run",
    loadArgs: [],
    pid: child.pid,
    stop: async () => {
      await child.stdin.close();
      await child.status;
      await reader.cancel();
    },
  };
}
