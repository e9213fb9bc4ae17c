/**
 * How long `authsome run -- true` takes while the daemon is up (grant, certificate authority, proxy,
 * child, clean-up), against the least that such a program can do in this runtime (`bare_run.ts`), and
 * against the time that mitmdump, where it is installed, needs to accept its first connection.
 *
 * The two are measured one behind the other: half a second of mitmdump's Python pushes everything of
 * the others out of the processor's caches, so that in turn with it a run takes a quarter longer.
 *
 * @module
 */
import { findProgram } from "../tests/support/deno_on_path.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";
import { runDenoScript } from "./deno_script.ts";
import { accepts, freePort } from "./loopback_port.ts";
import { measureInterleaved } from "./measure.ts";
import { BARE_RUN, bareRunArguments } from "./start_bare_run.ts";

const ROUNDS = 40;
const MITMDUMP_ROUNDS = 20;

/** The rows of this file. */
export async function benchRun(): Promise<BenchRow[]> {
  const home = await TemporaryHome.create();
  try {
    await authsome(home, ["register", "examples/agent/acme.json", "--yes"]);
    await authsome(home, ["login", "acme", "--stdin"], `acme_${"0".repeat(32)}\n`);
    return [...await besideTheLeast(home), ...await besideMitmdump(home)];
  } finally {
    await home.remove();
  }
}

async function besideTheLeast(home: TemporaryHome): Promise<BenchRow[]> {
  const bareRun = await bareRunArguments(home, "true");
  const script = `${home.directory}/empty.ts`;
  await Deno.writeTextFile(script, "");
  const { ours, bare, empty } = await measureInterleaved({
    ours: () => authsome(home, ["run", "--", "true"]),
    bare: () => runDenoScript(BARE_RUN, bareRun),
    empty: () => runDenoScript(script),
  }, ROUNDS);
  return [
    {
      name: "authsome run -- true, daemon up",
      value: ours,
      unit: "ms",
      against: { name: "an empty Deno script", value: empty },
      bound: { of: "value", side: "at most", limit: 80 },
      note: `${ROUNDS} rounds, in turn with the two below alone`,
    },
    ...floorRows({ ours, bare, empty }),
  ];
}

async function besideMitmdump(home: TemporaryHome): Promise<BenchRow[]> {
  if (findProgram("mitmdump", Deno.env.get("PATH") ?? "") === null) return [];
  const { ours, theirs } = await measureInterleaved({
    ours: () => authsome(home, ["run", "--", "true"]),
    theirs: () => startMitmdump(home.directory),
  }, MITMDUMP_ROUNDS);
  return [{
    name: "authsome run -- true, beside mitmdump",
    value: ours,
    unit: "ms",
    against: { name: "mitmdump until it accepts", value: theirs },
    bound: { of: "ratio", side: "at most", limit: 1 / 3 },
    note: "in turn with it, which leaves nothing of ours in the processor's caches",
    isHeadline: true,
  }];
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
