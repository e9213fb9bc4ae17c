/**
 * Tasks that outlive the request that started them, and the one who ends them.
 *
 * @module
 */

/** Runs tasks until it is told to stop. */
export class BackgroundTasks {
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #failed: (cause: unknown) => void;

  /** `failed` hears of a task that threw. */
  constructor(failed: (cause: unknown) => void) {
    this.#failed = failed;
  }

  /** Aborted when the tasks must end. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Starts a task; after the stop nothing is started. */
  start(task: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const running = task(this.signal).catch((cause) => {
      if (!this.signal.aborted) this.#failed(cause);
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Ends every task; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }
}
