/**
 * Memory of the proxies: idle, after the whole load, and with a thousand connections open.
 *
 * @module
 */
import type { Contestants } from "./proxy_figures.ts";
import { holdConnections } from "./proxy_load.ts";
import type { ContestantId } from "./proxy_scenarios.ts";
import { type Contestant, HOST, type Stage } from "./proxy_stage.ts";
import { residentMegabytes } from "./resident_memory.ts";

/** Megabytes of one process. */
export interface Memory {
  readonly idle: number;
  /** Two seconds behind it. */
  readonly afterLoad: number;
  /** When it was quiet for a while; NaN: not measured. */
  readonly quiet: number;
  /** With a thousand connections open, in a process that did nothing before; NaN: not measured. */
  readonly connected: number;
}

const CONNECTIONS = 1000;
const SETTLING_MS = 2_000;
/** A run gives memory back after half a quiet minute. */
const QUIET_MS = 35_000;

/** Of each proxy; `idle` was taken before the load. */
export async function measureMemory(
  stage: Stage,
  contestants: Contestants,
  idle: ReadonlyMap<ContestantId, number>,
  whole: boolean,
): Promise<Map<ContestantId, Memory>> {
  const ended = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  const afterLoad = new Map(
    [...contestants].map(([id, { pid }]) => [id, residentMegabytes(pid)] as const),
  );
  const connected = new Map<ContestantId, number>();
  for (const id of contestants.keys()) {
    const fresh = whole ? await startAgain(stage, id) : null;
    if (fresh === null) continue;
    connected.set(id, await withOpenConnections(stage, fresh));
    await fresh.stop();
  }
  const left = QUIET_MS - (performance.now() - ended);
  if (whole) await new Promise((resolve) => setTimeout(resolve, Math.max(left, 0)));
  return new Map(
    [...contestants].filter(([id]) => id !== "direct").map(([id, { pid }]) => [id, {
      idle: idle.get(id)!,
      afterLoad: afterLoad.get(id)!,
      quiet: whole ? residentMegabytes(pid) : NaN,
      connected: connected.get(id) ?? NaN,
    }]),
  );
}

async function startAgain(stage: Stage, id: ContestantId): Promise<Contestant | null> {
  if (id === "ours") return await stage.startRun("authsome");
  if (id === "go") return await stage.startGo();
  return id === "mitmdump" ? await stage.startMitmdump() : null;
}

async function withOpenConnections(stage: Stage, contestant: Contestant): Promise<number> {
  return await holdConnections(
    stage.program,
    contestant,
    [`-host=${HOST}`, `-c=${CONNECTIONS}`],
    async () => {
      await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
      return residentMegabytes(contestant.pid);
    },
  );
}
