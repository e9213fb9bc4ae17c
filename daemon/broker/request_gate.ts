/**
 * Lets requests pass together, and one piece of work alone: what replaces connections and definitions
 * at once must meet no request that has read the one and not yet the other.
 *
 * @module
 */
import { StoreUnavailableError } from "../../core/errors.ts";

/** A gate; open until {@linkcode RequestGate.alone} closes it. */
export class RequestGate {
  #inside = 0;
  #closed: PromiseWithResolvers<void> | null = null;
  #emptied: (() => void) | null = null;

  /** Resolves when the gate is open; null when it is open now. */
  get opening(): Promise<void> | null {
    return this.#closed?.promise ?? null;
  }

  /** A request goes in; the gate is open. */
  enter(): void {
    this.#inside++;
  }

  /** A request that went in has been answered. */
  leave(): void {
    if (--this.#inside === 0) this.#emptied?.();
  }

  /**
   * Does `work` when every request inside has been answered, and lets none in meanwhile.
   *
   * @throws {StoreUnavailableError} when requests take longer than `patienceMs`, or such work is under
   * way; `work` was not begun.
   */
  async alone<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) throw busy("something like it is under way");
    const closed = this.#closed = Promise.withResolvers<void>();
    try {
      if (!await this.#isEmptyWithin(patienceMs)) {
        throw busy("requests are under way that do not end");
      }
      return await work();
    } finally {
      this.#closed = null;
      closed.resolve();
    }
  }

  async #isEmptyWithin(patienceMs: number): Promise<boolean> {
    if (this.#inside === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), patienceMs);
    this.#emptied = () => resolve(true);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#emptied = null;
    }
  }
}

function busy(state: string): StoreUnavailableError {
  return new StoreUnavailableError(`Cannot do this now: ${state}`, {
    hint: "Nothing was changed; try again in a moment",
  });
}
