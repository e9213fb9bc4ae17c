/**
 * What the daemon costs: from nothing to an answered health challenge, finding it again, and the
 * memory of the two processes when nobody asks them anything.
 *
 * @module
 */
import { readDaemonState } from "../client/daemon_state.ts";
import { ensureDaemon, stopDaemon } from "../client/launch.ts";
import { readSettings } from "../core/config.ts";
import { homePaths } from "../core/paths.ts";
import { type BenchRow, median } from "./bench_row.ts";
import { residentMegabytes } from "./resident_memory.ts";

const COLD_ROUNDS = 10;
const WARM_ROUNDS = 100;

/** The rows of this file. */
export async function benchStart(): Promise<BenchRow[]> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  const paths = homePaths(`${directory}/home`);
  const environment: Record<string, string> = { AUTHSOME_HOME: paths.home, AUTHSOME_PORT: "0" };
  const settings = readSettings((name) => environment[name]);
  const timeOf = async (): Promise<number> => {
    const start = performance.now();
    await ensureDaemon(settings, paths);
    return performance.now() - start;
  };
  const cold: number[] = [];
  const warm: number[] = [];
  const memory: { daemon: number; relay: number }[] = [];
  try {
    // The first start makes the home and the vault; it is not counted.
    await timeOf();
    for (let round = 0; round < COLD_ROUNDS; round++) {
      await stopDaemon(paths);
      cold.push(await timeOf());
      const state = readDaemonState(paths)!;
      memory.push({
        daemon: residentMegabytes(state.pid),
        relay: residentMegabytes(state.relay_pid),
      });
    }
    for (let round = 0; round < WARM_ROUNDS; round++) warm.push(await timeOf());
  } finally {
    await stopDaemon(paths);
    await Deno.remove(directory, { recursive: true });
  }
  return [
    {
      name: "daemon cold start to an answered health challenge",
      value: median(cold),
      unit: "ms",
      bound: { of: "value", side: "at most", limit: 200 },
      note: `both processes; ${COLD_ROUNDS} starts`,
      isHeadline: true,
    },
    {
      name: "finding the running daemon",
      value: median(warm),
      unit: "ms",
      bound: { of: "value", side: "at most", limit: 3 },
      note: `home audit, state file, challenge; ${WARM_ROUNDS} times`,
    },
    {
      name: "daemon, idle",
      value: median(memory.map(({ daemon }) => daemon)),
      unit: "MB",
      bound: { of: "value", side: "at most", limit: 80 },
      note: "resident, the runtime's own 44 MB of code included",
    },
    {
      name: "egress relay, idle",
      value: median(memory.map(({ relay }) => relay)),
      unit: "MB",
      note: "resident, shares its code with the daemon's",
    },
  ];
}
