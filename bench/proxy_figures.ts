/**
 * The rounds of `deno task bench_proxy`: in each of them every scenario, in every scenario every
 * contestant, one right behind the other, so that a busy moment of the machine hits all alike.
 *
 * @module
 */
import { median } from "./bench_row.ts";
import { type LoadResult, runLoad } from "./proxy_load.ts";
import { type ContestantId, type Scenario, type ScenarioId, SCENARIOS } from "./proxy_scenarios.ts";
import type { Contestant, Stage } from "./proxy_stage.ts";

/** Who takes part. */
export type Contestants = ReadonlyMap<ContestantId, Contestant>;

/** The results, one for each round. */
export class Figures {
  readonly #results = new Map<string, LoadResult[]>();

  /** Adds that of one round. */
  add(scenario: ScenarioId, contestant: ContestantId, result: LoadResult): void {
    const key = `${scenario} ${contestant}`;
    const results = this.#results.get(key) ?? [];
    this.#results.set(key, [...results, result]);
  }

  /** Whether there are any. */
  has(scenario: ScenarioId, contestant: ContestantId): boolean {
    return this.#results.has(`${scenario} ${contestant}`);
  }

  /** The median of one quantity; NaN where it was not measured. */
  median(
    scenario: ScenarioId,
    contestant: ContestantId,
    of: (result: LoadResult) => number,
  ): number {
    const results = this.#of(scenario, contestant);
    return results.length === 0 ? NaN : median(results.map(of));
  }

  /** The median of `combine(a, b)` over the rounds: both sides of it are of the same moment. */
  medianOf(
    scenario: ScenarioId,
    [a, b]: readonly [ContestantId, ContestantId],
    combine: (a: LoadResult, b: LoadResult) => number,
  ): number {
    const [ofA, ofB] = [this.#of(scenario, a), this.#of(scenario, b)];
    const rounds = ofA.flatMap((result, round) =>
      ofB[round] === undefined ? [] : [combine(result, ofB[round])]
    );
    return rounds.length === 0 ? NaN : median(rounds);
  }

  #of(scenario: ScenarioId, contestant: ContestantId): readonly LoadResult[] {
    return this.#results.get(`${scenario} ${contestant}`) ?? [];
  }
}

/** How to measure. */
export interface RoundOptions {
  readonly scenarios: readonly ScenarioId[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** Told what comes next. */
  readonly say: (line: string) => void;
}

/** Runs the rounds. */
export async function measureRounds(
  stage: Stage,
  contestants: Contestants,
  { scenarios, rounds, seconds, say }: RoundOptions,
): Promise<Figures> {
  const figures = new Figures();
  for (let round = 0; round < rounds; round++) {
    for (const id of scenarios) {
      const { name, args, by, newHosts = 0 }: Scenario = SCENARIOS[id];
      const said: string[] = [];
      for (const contestant of rotated(by.filter((one) => contestants.has(one)), round)) {
        const fresh = newHosts === 0 ? [] : [`-n=${newHosts}`, `-first=${round * newHosts}`];
        const result = await runLoad(stage.program, contestants.get(contestant)!, [
          ...args,
          `-d=${seconds}s`,
          ...fresh,
        ]);
        figures.add(id, contestant, result);
        said.push(`${contestant} ${show(result, SCENARIOS[id].shows)}`);
      }
      say(`  ${round + 1}/${rounds} ${name}: ${said.sort().join(", ")}`);
    }
  }
  return figures;
}

/** Not always the same one right behind the same other. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(list.length, 1);
  return [...list.slice(at), ...list.slice(0, at)];
}

function show(result: LoadResult, what: Scenario["shows"]): string {
  if (what === "p50") return `${result.p50.toFixed(2)} ms`;
  return what === "rate"
    ? `${Math.round(result.rate!)}/s`
    : `${Math.round(result.megabytes!)} MB/s`;
}
