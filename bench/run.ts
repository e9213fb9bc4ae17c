/**
 * How long `authsome run -- true` takes while the daemon is up (grant, certificate authority, proxy,
 * child, clean-up), against the least that such a program can do in this runtime (`bare_run.ts`), and
 * against the time that mitmdump, where it is installed, needs to accept its first connection.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { DaemonState } from "../core/boot.ts";
import { homePaths } from "../core/paths.ts";
import { findProgram } from "../tests/support/deno_on_path.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";
import { runDenoScript } from "./deno_script.ts";
import { accepts, freePort } from "./loopback_port.ts";
import { measureInterleaved } from "./measure.ts";

const ROUNDS = 20;
const BARE_RUN = fileURLToPath(new URL("./bare_run.ts", import.meta.url));

/** The rows of this file. */
export async function benchRun(): Promise<BenchRow[]> {
  const home = await TemporaryHome.create();
  try {
    await authsome(home, ["register", "examples/agent/acme.json", "--yes"]);
    await authsome(home, ["login", "acme", "--stdin"], `acme_${"0".repeat(32)}\n`);
    const row: BenchRow = {
      name: "authsome run -- true, daemon up",
      value: 0,
      unit: "ms",
      bound: { of: "value", side: "at most", limit: 80 },
    };
    const bare = await prepareBareRun(home);
    const candidates = {
      ours: () => authsome(home, ["run", "--", "true"]),
      bare: () => runDenoScript(BARE_RUN, bare),
      empty: () => runDenoScript(`${home.directory}/empty.ts`),
    };
    if (findProgram("mitmdump", Deno.env.get("PATH") ?? "") === null) {
      const medians = await measureInterleaved(candidates, ROUNDS);
      return [
        { ...row, value: medians.ours, note: "mitmdump is not installed here" },
        ...floorRows(medians),
      ];
    }
    const medians = await measureInterleaved({
      ...candidates,
      theirs: () => startMitmdump(home.directory),
    }, ROUNDS);
    const { ours, theirs } = medians;
    const against = { name: "mitmdump until it accepts", value: theirs };
    return [
      { ...row, value: ours, against },
      {
        name: "authsome run -- true, beside mitmdump",
        value: ours,
        unit: "ms",
        against,
        bound: { of: "ratio", side: "at most", limit: 1 / 3 },
        isHeadline: true,
      },
      ...floorRows(medians),
    ];
  } finally {
    await home.remove();
  }
}

/** How near a run is to what the runtime leaves to be had, and how far that is from nothing. */
function floorRows(
  { ours, bare, empty }: { readonly ours: number; readonly bare: number; readonly empty: number },
): BenchRow[] {
  return [
    {
      name: "authsome run -- true, beside a bare run",
      value: ours,
      unit: "ms",
      against: { name: "bench/bare_run.ts", value: bare },
      note: "the same program's least: Node's parts, door, certificate, grant, child",
    },
    {
      name: "a bare run, daemon up",
      value: bare,
      unit: "ms",
      against: { name: "an empty Deno script", value: empty },
      note: "nothing of authsome: no file is written, no answer checked",
    },
  ];
}

/** Arguments of `bare_run.ts` for the daemon and the identity of this home; and an empty script. */
async function prepareBareRun(home: TemporaryHome): Promise<string[]> {
  await Deno.writeTextFile(`${home.directory}/empty.ts`, "");
  const { server, client } = homePaths(home.path);
  const { port }: DaemonState = JSON.parse(await Deno.readTextFile(server.state));
  for await (const { name } of Deno.readDir(client.identities)) {
    const handle = /^(.+)\.key$/.exec(name)?.[1];
    if (handle === undefined) continue;
    const seed = (await Deno.readTextFile(`${client.identities}/${name}`)).trim();
    return [String(port), handle, seed, "true"];
  }
  throw new Error(`there is no identity in ${home.path}`);
}

async function authsome(home: TemporaryHome, args: readonly string[], input = ""): Promise<void> {
  const { code, stderr } = await home.authsome(args, { input });
  if (code !== 0) throw new Error(`authsome ${args.join(" ")} ended with ${code}: ${stderr}`);
}

/** Starts mitmdump and waits until its port takes a connection, then stops it. */
async function startMitmdump(directory: string): Promise<void> {
  const port = freePort();
  const child = new Deno.Command("mitmdump", {
    args: ["--quiet", "--listen-port", String(port), "--set", `confdir=${directory}/mitm`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (!await accepts(port)) await new Promise((resolve) => setTimeout(resolve, 2));
  } finally {
    child.kill();
    await child.status;
  }
}
