/**
 * How many streams one client may open and reset at once. Each costs the client two small frames and
 * us a request to a server ("rapid reset", CVE-2023-44487), so beyond it the connection ends.
 *
 * @module
 */

/** Programs that cancel calls do so in bursts, when a deadline passes for many of them. */
const BURST = 200;
const PER_SECOND = 20;

/** A bucket of resets. */
export class ResetBudget {
  readonly #now: () => number;
  #left = BURST;
  #since: number;

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  /** Takes one; false when there is none left. */
  spend(): boolean {
    const now = this.#now();
    this.#left = Math.min(BURST, this.#left + (now - this.#since) / 1000 * PER_SECOND);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
