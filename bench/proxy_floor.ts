/**
 * What the runtime leaves to be had: the figures that were promised, as a relay reaches them that has
 * nothing of authsome in it (`bare_relay.ts`; for the memory of an idle run `bare_run.ts`), and how near
 * to it the proxy comes.
 *
 * @module
 */
import type { BenchRow } from "./bench_row.ts";
import type { Figures } from "./proxy_figures.ts";
import type { LoadResult } from "./proxy_load.ts";
import {
  ADDED,
  addedRow,
  comparisonRow,
  COMPARISONS,
  IDLE_MEGABYTES,
  milliseconds,
  type ProxyMeasurement,
  waitRow,
  WAITS,
} from "./proxy_rows.ts";
import { type ContestantId, type ScenarioId, SCENARIOS } from "./proxy_scenarios.ts";

/** The rows of a run; those of what was left out are left out. */
export function floorRows({ figures, memory }: ProxyMeasurement): BenchRow[] {
  return [...comparisons(figures), ...added(figures), ...waits(figures), ...idle(memory)];
}

/** A proxy without a child, a grant and a daemon is not the least of a run: `bare_run.ts` is. */
function idle(memory: ProxyMeasurement["memory"]): BenchRow[] {
  const [ours, bare] = [memory.get("ours"), memory.get("bareRun")];
  if (ours === undefined || bare === undefined) return [];
  const megabytes = (value: number) => `${value.toFixed(0)} MB`;
  return [{
    name: "bare run: memory, idle",
    value: bare.idle,
    unit: "MB",
    bound: { of: "value", side: "at most", limit: IDLE_MEGABYTES },
    note:
      `authsome holds ${megabytes(ours.idle - bare.idle)} more; where shared pages are divided ` +
      `(Pss) ${megabytes(ours.idleProportional)} against ${megabytes(bare.idleProportional)}`,
  }];
}

function added(figures: Figures): BenchRow[] {
  return ADDED.flatMap(({ by, floor, name, limitMs }) =>
    addedRow(figures, { by: floor, name: `bare relay: ${name}`, limitMs }).map((row) => ({
      ...row,
      note: `authsome adds ${
        milliseconds(figures.medianOf("small1", [by, "direct"], (a, b) => a.p50 - b.p50))
      }`,
    }))
  );
}

function comparisons(figures: Figures): BenchRow[] {
  return COMPARISONS.flatMap(({ scenario, against, bound }) => {
    const bare: ContestantId = figures.has(scenario, "bareTunnel") ? "bareTunnel" : "bare";
    if (bound === undefined || against === "bare" || against === "bareTunnel") return [];
    if (!figures.has(scenario, bare) || !figures.has(scenario, against)) return [];
    const row = comparisonRow(figures, { scenario, against }, bare);
    return [{ ...row, name: `bare relay: ${row.name}`, note: nearness(figures, scenario, bare) }];
  });
}

function waits(figures: Figures): BenchRow[] {
  return WAITS.flatMap(({ scenario, limitMs, floor }) =>
    waitRow(figures, scenario, limitMs, floor).map((row) => ({
      ...row,
      name: `${floor === "bare" ? "bare relay" : "bare relay that asks"}: ${row.name}`,
      note: nearness(figures, scenario, floor),
    }))
  );
}

function nearness(figures: Figures, scenario: ScenarioId, bare: ContestantId): string {
  const { shows } = SCENARIOS[scenario];
  const of = (result: LoadResult): number => result[shows] ?? NaN;
  const ratio = figures.medianOf(
    scenario,
    ["ours", bare],
    (ours, floor) => shows === "p50" ? of(floor) / of(ours) : of(ours) / of(floor),
  );
  return `authsome reaches ${(ratio * 100).toFixed(0)} % of it`;
}
