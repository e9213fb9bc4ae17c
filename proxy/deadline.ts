/**
 * How long a connection may take for one thing after the other, with one timer for all of them: most
 * are over within a millisecond, and setting a timer takes as long as reading a head.
 *
 * @module
 */

/** Longest time until the timer looks what is waited for by then. */
const LOOK_MS = 10_000;

/** What is waited for now, if anything. */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Number.POSITIVE_INFINITY;
  #dueAt = 0;
  #onLate: () => void = nothing;

  /** In place of what was waited for before; `onLate` is called unless this is said again in time. */
  expect(patienceMs: number, onLate: () => void): void {
    const now = performance.now();
    this.#dueAt = now + patienceMs;
    this.#onLate = onLate;
    if (this.#firesAt > this.#dueAt) this.#start(now);
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #start(now: number): void {
    clearTimeout(this.#timer);
    const waitMs = Math.min(this.#dueAt - now, LOOK_MS);
    this.#firesAt = now + waitMs;
    this.#timer = setTimeout(this.#look, waitMs);
  }

  readonly #look = (): void => {
    const now = performance.now();
    if (now < this.#dueAt) return this.#start(now);
    this.#firesAt = Number.POSITIVE_INFINITY;
    this.#onLate();
  };
}

function nothing(): void {}
