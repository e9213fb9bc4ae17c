/**
 * How much of something that costs the client little and us much may happen at once: a bucket that
 * fills again with time.
 *
 * @module
 */

/** A full bucket, and what comes back. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A bucket. */
export class RateBudget {
  readonly #rate: Rate;
  readonly #now: () => number;
  #left: number;
  #since: number;

  /** A full one; `now` in milliseconds. */
  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
    this.#left = rate.burst;
    this.#since = now();
  }

  /** Takes one; false when there is none left. */
  spend(): boolean {
    const { burst, perSecond } = this.#rate;
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + (now - this.#since) / 1000 * perSecond);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
