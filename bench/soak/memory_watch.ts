/**
 * The memory of a process over time, and whether it grows.
 *
 * @module
 */
import { residentMegabytes } from "../resident_memory.ts";

/** What was seen, in megabytes. */
export interface MemoryReport {
  /** Median of the second third of the time, when everything has been used. */
  readonly middle: number;
  /** Median of the last third. */
  readonly end: number;
  readonly peak: number;
}

/** Looks at a process until it is stopped. */
export class MemoryWatch {
  readonly #samples: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /** Looks at once, and then every `everyMs`. */
  constructor(pid: number, everyMs = 1_000) {
    const look = () => void this.#samples.push(residentMegabytes(pid));
    look();
    this.#timer = setInterval(look, everyMs);
  }

  /** Ends it. */
  stop(): MemoryReport {
    clearInterval(this.#timer);
    return summarize(this.#samples);
  }
}

/** Medians of the last two thirds, and the peak of all. */
export function summarize(samples: readonly number[]): MemoryReport {
  const third = Math.floor(samples.length / 3);
  return {
    middle: median(samples.slice(third, Math.max(2 * third, third + 1))),
    end: median(samples.slice(2 * third)),
    peak: Math.max(...samples),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
