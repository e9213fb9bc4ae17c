/**
 * Those who wait for something that becomes free: they are told one by one to look again.
 *
 * @module
 */

/** Waits to be told, for `waitMs` at most. */
export type Wait = (waitMs: number) => Promise<void>;

/** First come, first told. */
export class WaitingLine {
  readonly #waiting = new Set<() => void>();

  /**
   * How one waits, as often as it takes, until it is `abandoned`. Asked for once: a server could have
   * each one look again a thousand times, and what is heard of `abandoned` is kept until then.
   */
  waiter(abandoned?: Promise<unknown>): Wait {
    let wake = () => {};
    void abandoned?.then(() => wake());
    return (waitMs) =>
      new Promise((resolve) => {
        // Rounded up: one that came a moment early would have to wait again.
        const timer = setTimeout(() => wake(), Math.ceil(waitMs) + 1);
        const told = wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(told);
          resolve();
        };
        this.#waiting.add(told);
      });
  }

  /** Nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Has the first one look again. */
  wakeNext(): void {
    for (const told of this.#waiting) return told();
  }

  /** Has everyone look again. */
  wakeAll(): void {
    for (let left = this.#waiting.size; left > 0; left--) this.wakeNext();
  }
}
