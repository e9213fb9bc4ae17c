/**
 * Those who wait for something that becomes free: they are told one by one to look again.
 *
 * @module
 */

/** First come, first told. */
export class WaitingLine {
  readonly #waiting = new Set<() => void>();

  /** When it is worth looking again, or `waitMs` are over, or nobody wants it any more. */
  wait(waitMs: number, abandoned?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      // Rounded up: one that came a moment early would have to wait again.
      const timer = setTimeout(wake, Math.ceil(waitMs) + 1);
      this.#waiting.add(wake);
      void abandoned?.then(wake);
    });
  }

  /** Has the first one look again. */
  wakeNext(): void {
    for (const wake of this.#waiting) return wake();
  }

  /** Has everyone look again. */
  wakeAll(): void {
    for (let left = this.#waiting.size; left > 0; left--) this.wakeNext();
  }
}
