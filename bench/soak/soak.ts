/**
 * The soak itself: every lane at once, and the owner's and the daemon's life meanwhile.
 *
 * @module
 */
import { pause } from "../../core/pause.ts";
import type { Tally } from "./ledger.ts";
import { type MemoryReport, MemoryWatch } from "./memory_watch.ts";
import { openSoakStage, type SoakStage } from "./soak_stage.ts";
import { HTTP2, type Lane, TRAFFIC, type Traffic } from "./traffic.ts";

/** What came of it. */
export interface SoakResult {
  readonly durationMs: number;
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly wrong: number;
  readonly missing: number;
  readonly complaints: readonly string[];
  /** How often the key was changed, and the daemon killed. */
  readonly changes: number;
  readonly kills: number;
  /** Of the run's process. */
  readonly memory: MemoryReport;
  /** Files and processes that the run left behind. */
  readonly leftovers: readonly string[];
}

/** When things happen, in milliseconds, and what is left out. */
export interface SoakRhythm {
  readonly changeEveryMs: number;
  readonly killEveryMs: number;
  /** Leaves HTTP/2 out, whose clients are Node processes. */
  readonly withoutHttp2: boolean;
  /** It goes on beyond its time until this holds: a busy machine does little in a few seconds. */
  readonly isEnough?: (soFar: SoakCounts) => boolean;
}

/** What was done so far. */
export type SoakCounts = Pick<SoakResult, "tallies" | "changes" | "kills">;

/** What is used unless said otherwise. */
export const RHYTHM: SoakRhythm = {
  withoutHttp2: false,
  changeEveryMs: 5_000,
  killEveryMs: 60_000,
};
const SAY_EVERY_MS = 60_000;
const LOOK_MS = 50;

/** Soaks for so long; `say` is told about it every minute. */
export async function soak(
  durationMs: number,
  say: (line: string) => void,
  { changeEveryMs, killEveryMs, withoutHttp2, isEnough = () => true }: SoakRhythm = RHYTHM,
): Promise<SoakResult> {
  const stage = await openSoakStage();
  const counts = { changes: 0, kills: 0 };
  const { signal } = stopAfter(
    durationMs,
    () => isEnough({ tallies: stage.ledger.tallies, ...counts }),
  );
  const memory = new MemoryWatch(stage.pid);
  const started = performance.now();
  const kinds = Object.entries(TRAFFIC).filter(([kind]) => !withoutHttp2 || kind !== HTTP2);
  const lanes = kinds.flatMap(([kind, traffic]) =>
    Array.from({ length: traffic.lanes }, () => keepGoing(kind, traffic, stage, signal))
  );
  const events = [
    every(changeEveryMs, signal, async () => {
      await stage.changeKey();
      counts.changes++;
    }),
    every(killEveryMs, signal, async () => {
      await stage.killDaemon();
      counts.kills++;
    }),
    every(SAY_EVERY_MS, signal, () => {
      const done = [...stage.ledger.tallies.values()].reduce((sum, tally) => sum + tally.done, 0);
      say(`  ${Math.round((performance.now() - started) / 60_000)} min: ${done} requests`);
      return Promise.resolve();
    }),
  ];
  await Promise.all([...lanes, ...events]);
  const { tallies, wrong, missing, complaints } = stage.ledger;
  return {
    durationMs: performance.now() - started,
    memory: memory.stop(),
    leftovers: await stage.close(),
    tallies,
    wrong,
    missing,
    complaints,
    ...counts,
  };
}

/** One lane to its end; what broke is counted and opened again. */
async function keepGoing(
  kind: string,
  { open, restMs }: Traffic,
  stage: SoakStage,
  signal: AbortSignal,
): Promise<void> {
  let lane: Lane | null = null;
  while (!signal.aborted) {
    try {
      lane ??= await open(stage);
      stage.ledger.count(kind, await lane.once());
    } catch (error) {
      stage.ledger.count(kind, "failed", error instanceof Error ? error.message : String(error));
      await lane?.close();
      lane = null;
    }
    await pause(restMs, signal);
  }
  await lane?.close();
}

async function every(
  milliseconds: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    await pause(milliseconds, signal);
    if (signal.aborted) return;
    await work();
  }
}

function stopAfter(milliseconds: number, isEnough: () => boolean): AbortController {
  const controller = new AbortController();
  const look = () => {
    if (isEnough()) controller.abort();
    else setTimeout(look, LOOK_MS);
  };
  setTimeout(look, milliseconds);
  return controller;
}
