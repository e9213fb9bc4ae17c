/**
 * The steps of logins that are at a provider: a code is exchanged, a device is asked about. A code
 * works once, so a daemon that stops in between would lose the login: it waits for them.
 *
 * @module
 */
import { endedWithin } from "./patience.ts";

/** The steps that one process has under way. */
export class Exchanges {
  readonly #underWay = new Set<Promise<unknown>>();

  /** What `work` gives; until then it is waited for. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Waits for those under way, at most so long. */
  async settle(timeoutMs: number): Promise<void> {
    if (this.#underWay.size === 0) return;
    await endedWithin(timeoutMs, Promise.allSettled(this.#underWay));
  }
}
