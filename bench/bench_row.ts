/**
 * One line of the benchmark table, and the median it is made of.
 *
 * @module
 */

/** What a row must keep, where a bound was promised. */
export interface BenchBound {
  /** `ratio` bounds `value / against.value`; `value` bounds the value itself. */
  readonly of: "value" | "ratio";
  /** Which side of the limit is good. */
  readonly side: "at most" | "at least";
  /** The limit, in the row's unit or as a plain ratio. */
  readonly limit: number;
}

/** A median, what it was compared with in the same run, and what was promised. */
export interface BenchRow {
  /** What was done, such as `vault put, fsynced`. */
  readonly name: string;
  /** Median of the repetitions. */
  readonly value: number;
  /** Unit of `value`: `ms`, `µs`, `req/s`, `MB`. */
  readonly unit: string;
  /** The same thing done another way, interleaved with ours; in the same unit. */
  readonly against?: { readonly name: string; readonly value: number };
  /** Median of each round's own ratio; left out: the ratio of the two medians. */
  readonly ratio?: number;
  readonly bound?: BenchBound;
  /** What a reader must know to believe the number: sizes, counts, a missing tool. */
  readonly note?: string;
  /** Whether the README shows it, too; the others are in `docs/benchmarks.md` alone. */
  readonly isHeadline?: boolean;
}

/** `value / against.value`, or null without something to compare with. */
export function ratioOf(row: BenchRow): number | null {
  if (row.ratio !== undefined) return row.ratio;
  return row.against === undefined ? null : row.value / row.against.value;
}

/** Whether the row keeps its bound; null where nothing was promised or nothing can be compared. */
export function keepsBound(row: BenchRow): boolean | null {
  if (row.bound === undefined) return null;
  const measured = row.bound.of === "value" ? row.value : ratioOf(row);
  if (measured === null) return null;
  return row.bound.side === "at most" ? measured <= row.bound.limit : measured >= row.bound.limit;
}

/**
 * The middle one of `samples`.
 *
 * @throws {RangeError} when there is none.
 */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("a median needs at least one sample");
  return middle;
}
