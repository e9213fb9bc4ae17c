/**
 * How many connections may be open to one server, and the queue of requests that wait for one to
 * become free. Both are bounded, and so is the time in the queue: a server that hangs costs its own
 * callers, not the memory of the run.
 *
 * @module
 */
import { Refusal } from "./fail_closed.ts";

/** Bounds for one server. */
export interface SlotLimits {
  /** Connections, idle ones included. */
  readonly open: number;
  /** Requests that wait for one. */
  readonly waiting: number;
  readonly waitMs: number;
}

/** The places of one server. */
export class HostSlots {
  readonly #limits: SlotLimits;
  readonly #queue = new Set<() => void>();
  #open = 0;

  /** All are free. */
  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Takes a place; false when all are taken. */
  tryEnter(): boolean {
    if (this.#open >= this.#limits.open) return false;
    this.#open++;
    return true;
  }

  /** Gives a place back. */
  leave(): void {
    this.#open--;
    this.wakeOne();
  }

  /** Tells the first in the queue to look again: a place or an idle connection is free. */
  wakeOne(): void {
    const [first] = this.#queue;
    first?.();
  }

  /**
   * Waits to be told to look again.
   *
   * @throws {Refusal} 503 when the queue is full, or the wait was too long.
   */
  wait(authority: string): Promise<void> {
    if (this.#queue.size >= this.#limits.waiting) return Promise.reject(tooMany(authority));
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        this.#queue.delete(wake);
      };
      const wake = () => {
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        reject(tooMany(authority));
      }, this.#limits.waitMs);
      this.#queue.add(wake);
    });
  }
}

function tooMany(authority: string): Refusal {
  return new Refusal(
    503,
    "TooManyConnectionsError",
    `Cannot connect to ${authority}: too many connections of this run are open to it`,
    { hint: "Send fewer requests at once" },
  );
}
