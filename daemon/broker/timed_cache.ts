/**
 * Answers kept for a moment: long enough that a stream of requests reads once, short enough that a
 * change made by another process is noticed.
 *
 * @module
 */

/** How long an answer is believed, in milliseconds. */
const TRUST_MS = 1000;
/** Most answers kept; a caller that asks for endless names must not fill the memory. */
const CAPACITY = 10_000;

/** Keeps answers by key. */
export class TimedCache<T> {
  readonly #entries = new Map<string, { readonly answer: Promise<T>; readonly readAt: number }>();
  readonly #now: () => Date;

  /** An empty cache that tells time with `now`. */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /** What is kept under `key`, or what `read` gives; callers at the same time share one read. */
  async get(key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#now().getTime();
    const kept = this.#entries.get(key);
    // A clock that was set back must not make an old answer young.
    if (kept !== undefined && Math.abs(now - kept.readAt) < TRUST_MS) return await kept.answer;
    if (this.#entries.size >= CAPACITY) this.#entries.clear();
    const entry = { answer: read(), readAt: now };
    this.#entries.set(key, entry);
    try {
      return await entry.answer;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Forgets one answer. */
  drop(key: string): void {
    this.#entries.delete(key);
  }
}
