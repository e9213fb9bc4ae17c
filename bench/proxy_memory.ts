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
  readonly afterLoad: number;
  /** With a thousand connections open, in a process that did nothing before; NaN: not measured. */
  readonly connected: number;
}

const CONNECTIONS = 1000;
const SETTLING_MS = 2_000;

/** Of each proxy; `idle` was taken before the load. */
export async function measureMemory(
  stage: Stage,
  contestants: Contestants,
  idle: ReadonlyMap<ContestantId, number>,
  withConnections: boolean,
): Promise<Map<ContestantId, Memory>> {
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  const afterLoad = new Map(
    [...contestants].map(([id, { pid }]) => [id, residentMegabytes(pid)] as const),
  );
  const memory = new Map<ContestantId, Memory>();
  for (const id of contestants.keys()) {
    if (id === "direct") continue;
    const fresh = withConnections ? await startAgain(stage, id) : null;
    memory.set(id, {
      idle: idle.get(id)!,
      afterLoad: afterLoad.get(id)!,
      connected: fresh === null ? NaN : await withOpenConnections(stage, fresh),
    });
    await fresh?.stop();
  }
  return memory;
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
