/**
 * How long `authsome --version` takes, against a Deno script that does nothing: what the command line
 * costs before it does anything.
 *
 * @module
 */
import { ROOT } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";
import { measureInterleaved } from "./measure.ts";

const ROUNDS = 40;

/** The rows of this file. */
export async function benchCliStart(): Promise<BenchRow[]> {
  const empty = await Deno.makeTempFile({ prefix: "authsome-bench-", suffix: ".ts" });
  try {
    const { version, script } = await measureInterleaved({
      script: () => deno(["run", "--allow-all", empty]),
      version: () => deno(["run", "--allow-all", `${ROOT}cli.ts`, "--version"]),
    }, ROUNDS);
    return [{
      name: "authsome --version",
      value: version,
      unit: "ms",
      against: { name: "an empty Deno script", value: script },
      bound: { of: "ratio", side: "at most", limit: 1.3 },
      note: `${ROUNDS} rounds`,
      isHeadline: true,
    }];
  } finally {
    await Deno.remove(empty);
  }
}

async function deno(args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
}
