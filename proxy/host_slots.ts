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
  readonly #onUnused: () => void;
  readonly #queue = new Set<() => void>();
  #open = 0;

  /** All are free. `onUnused` is called when they are so again, and nobody waits. */
  constructor(limits: SlotLimits, onUnused: () => void) {
    this.#limits = limits;
    this.#onUnused = onUnused;
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
    this.#tellUnused();
  }

  /** Tells the first in the queue to look again: a place or an idle connection is free. */
  wakeOne(): void {
    const [first] = this.#queue;
    first?.();
  }

  /** Has `told` called once, in its turn, to look again: how to leave the queue; null when it is full. */
  queueUp(told: () => void): (() => void) | null {
    if (this.#queue.size >= this.#limits.waiting) return null;
    const wake = () => {
      this.#queue.delete(wake);
      told();
    };
    this.#queue.add(wake);
    return () => {
      if (this.#queue.delete(wake)) this.#tellUnused();
    };
  }

  #tellUnused(): void {
    if (this.#open === 0 && this.#queue.size === 0) this.#onUnused();
  }

  /**
   * Waits to be told to look again.
   *
   * @throws {Refusal} 503 when the queue is full, or the wait was too long.
   */
  wait(authority: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = this.queueUp(() => {
        clearTimeout(timer);
        resolve();
      });
      if (leave === null) return reject(tooMany(authority));
      const timer = setTimeout(() => {
        leave();
        reject(tooMany(authority));
      }, this.#limits.waitMs);
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
