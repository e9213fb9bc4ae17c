/**
 * Interleaved timing: every round runs each candidate once, in turn, so that a busy moment of the
 * machine hits all of them alike.
 *
 * @module
 */
import { median } from "./bench_row.ts";

/** Something to be timed. */
export type Candidate = () => Promise<void> | void;

/**
 * Median milliseconds of each candidate over `rounds` interleaved rounds, after one round that is
 * not counted.
 *
 * @param settle Awaited before each sample and not timed: where the server is in this process, what
 * it does after its answer would be counted for whoever comes next.
 */
export async function measureInterleaved<Name extends string>(
  candidates: Readonly<Record<Name, Candidate>>,
  rounds: number,
  settle: () => Promise<void> = () => Promise.resolve(),
): Promise<Record<Name, number>> {
  const names = Object.keys(candidates) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      await settle();
      const start = performance.now();
      await candidates[name]();
      if (round > 0) samples.get(name)!.push(performance.now() - start);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, median(samples.get(name)!)]),
  ) as Record<Name, number>;
}
