/**
 * How long `authsome run -- true` takes while the daemon is up (grant, certificate authority, proxy,
 * child, clean-up), against the time that mitmdump, where it is installed, needs to accept its first
 * connection.
 *
 * @module
 */
import { findProgram } from "../tests/support/deno_on_path.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";
import { accepts, freePort } from "./loopback_port.ts";
import { measureInterleaved } from "./measure.ts";

const ROUNDS = 20;

/** The rows of this file. */
export async function benchRun(): Promise<BenchRow[]> {
  const home = await TemporaryHome.create();
  try {
    await authsome(home, ["register", "examples/agent/acme.json", "--yes"]);
    await authsome(home, ["login", "acme", "--stdin"], `acme_${"0".repeat(32)}\n`);
    const run = () => authsome(home, ["run", "--", "true"]);
    const row: BenchRow = {
      name: "authsome run -- true, daemon up",
      value: 0,
      unit: "ms",
      bound: { of: "value", side: "at most", limit: 80 },
    };
    if (findProgram("mitmdump", Deno.env.get("PATH") ?? "") === null) {
      const { ours } = await measureInterleaved({ ours: run }, ROUNDS);
      return [{ ...row, value: ours, note: "mitmdump is not installed here" }];
    }
    const { ours, theirs } = await measureInterleaved({
      ours: run,
      theirs: () => startMitmdump(home.directory),
    }, ROUNDS);
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
    ];
  } finally {
    await home.remove();
  }
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
