/**
 * Giving up on answers that do not come: one timer for all requests of a client.
 *
 * `AbortSignal.timeout`, not `setTimeout`: the first of those in a process loads what Deno keeps for
 * Node.js, and takes seven milliseconds that every short command would wait for.
 *
 * @module
 */

/** Aborts what lasts longer than `timeoutMs`. */
export class Deadlines {
  readonly #timeoutMs: number;
  /** When each must have ended, by `performance.now()`; all last alike, so the earliest is first. */
  readonly #waiting = new Map<AbortController, number>();
  #timer: AbortSignal | null = null;

  /** For what must end within so many milliseconds. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** From now on its time runs; it is aborted unless {@linkcode Deadlines.end} is called before. */
  begin(): AbortController {
    const waiting = new AbortController();
    this.#waiting.set(waiting, performance.now() + this.#timeoutMs);
    if (this.#waiting.size === 1) this.#watch();
    return waiting;
  }

  /** It has ended. */
  end(waiting: AbortController): void {
    this.#waiting.delete(waiting);
    // A timer that nobody listens to keeps no process alive, and serves the next request.
    if (this.#waiting.size === 0) this.#timer?.removeEventListener("abort", this.#onTime);
  }

  #watch(): void {
    const [first] = this.#waiting.values();
    if (first === undefined) return;
    if (this.#timer === null || this.#timer.aborted) {
      this.#timer = AbortSignal.timeout(Math.max(0, Math.ceil(first - performance.now())));
    }
    this.#timer.addEventListener("abort", this.#onTime, { once: true });
  }

  readonly #onTime = (): void => {
    const now = performance.now();
    for (const [waiting, until] of this.#waiting) {
      if (until > now) break;
      this.#waiting.delete(waiting);
      waiting.abort();
    }
    this.#watch();
  };
}
