/**
 * What can be measured, and how: each group in a process of its own, so that none is measured with
 * what another one left in memory.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { benchAudit } from "./audit.ts";
import type { BenchRow } from "./bench_row.ts";
import { benchCommands } from "./commands.ts";
import { benchDashboard } from "./dashboard.ts";
import { benchFootprint } from "./footprint.ts";
import { benchRefresh } from "./refresh.ts";
import { benchResolve } from "./resolve.ts";
import { benchRun } from "./run.ts";
import { benchScale } from "./scale.ts";
import { benchStart } from "./start.ts";
import { benchVault } from "./vault.ts";

/** Group → what measures it. */
export const GROUPS: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  commands: benchCommands,
  start: benchStart,
  vault: benchVault,
  audit: benchAudit,
  resolve: benchResolve,
  refresh: benchRefresh,
  run: benchRun,
  scale: benchScale,
  dashboard: benchDashboard,
  footprint: benchFootprint,
};

/**
 * The rows of one group.
 *
 * @throws {Error} when its process fails; what it said is on standard error by then.
 */
export async function measureGroup(name: string): Promise<BenchRow[]> {
  const rows = await Deno.makeTempFile({ prefix: "authsome-bench-", suffix: ".json" });
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", fileURLToPath(import.meta.url), name, rows],
      stdin: "null",
    }).spawn().status;
    if (code !== 0) throw new Error(`Cannot measure ${name}: its process ended with ${code}`);
    return JSON.parse(await Deno.readTextFile(rows));
  } finally {
    await Deno.remove(rows);
  }
}

if (import.meta.main) {
  const [name = "", path = ""] = Deno.args;
  await Deno.writeTextFile(path, JSON.stringify(await GROUPS[name]!()));
  Deno.exit(0);
}
