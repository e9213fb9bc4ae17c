/**
 * Memory of the proxies: idle, after the whole load, and with a thousand connections open.
 *
 * @module
 */
import type { Contestants } from "./proxy_figures.ts";
import { holdConnections } from "./proxy_load.ts";
import type { ContestantId } from "./proxy_scenarios.ts";
import { type Contestant, HOST, type Stage } from "./proxy_stage.ts";
import { proportionalMegabytes, residentMegabytes } from "./resident_memory.ts";

/** Megabytes of one process that has done nothing yet. */
export interface IdleMemory {
  readonly idle: number;
  /** Of pages that several processes share, the runtime's program first of all, each has its part. */
  readonly idleProportional: number;
}

/** Megabytes of one process. */
export interface Memory extends IdleMemory {
  /** Two seconds behind the load. */
  readonly behindLoad: number;
  /** A quarter of a minute behind it; NaN: not measured. */
  readonly afterLoad: number;
  /** With a thousand connections open, in a process that did nothing before; NaN: not measured. */
  readonly connected: number;
}

const CONNECTIONS = 1000;
/** A run gives back what its start needed a second and a half behind it. */
const STARTED_MS = 4_000;
const SETTLING_MS = 2_000;
/** A run gives memory back after ten quiet seconds. */
const QUIET_MS = 15_000;

/** Of each proxy before the load, and of a bare run, which ends behind it. */
export async function measureIdleMemory(
  stage: Stage,
  contestants: Contestants,
): Promise<Map<ContestantId, IdleMemory>> {
  const bareRun = await stage.startBareRun();
  await new Promise((resolve) => setTimeout(resolve, STARTED_MS));
  const idle = new Map(
    [...contestants, ["bareRun", bareRun] as const].map(([id, { pid }]) => [id, {
      idle: residentMegabytes(pid),
      idleProportional: proportionalMegabytes(pid),
    }]),
  );
  await bareRun.stop();
  return idle;
}

/** Of each proxy; `idle` was taken before the load. */
export async function measureMemory(
  stage: Stage,
  contestants: Contestants,
  idle: ReadonlyMap<ContestantId, IdleMemory>,
  whole: boolean,
): Promise<Map<ContestantId, Memory>> {
  const ended = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  const behindLoad = new Map(
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
    [...idle].filter(([id]) => id !== "direct").map(([id, before]) => [id, {
      ...before,
      behindLoad: behindLoad.get(id) ?? NaN,
      afterLoad: whole && contestants.has(id) ? residentMegabytes(contestants.get(id)!.pid) : NaN,
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
