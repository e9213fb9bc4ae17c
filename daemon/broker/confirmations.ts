/**
 * Waits for the runs to follow a change, so that whoever made it is answered when no request goes out
 * with what was true before: a proxy remembers answers (`proxy/credentials.ts`) and hears of a change
 * over its stream, a moment after it was made.
 *
 * A run that is stopped, or far away, holds nobody up for long: after the patience the answer goes out
 * all the same, and the log says which run it was. A proxy that stood still for that long trusts
 * nothing that it remembered (`proxy/stall_watch.ts`). Time in which the daemon stood still itself does
 * not count: the news had not left yet.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { type Caller, watcherName } from "./caller.ts";
import type { Change } from "./change_hub.ts";

/** How long one change waits for the runs, in milliseconds. A proxy's stall watch is shorter. */
export const PATIENCE_MS = 250;

/** One open stream whose reader confirms. */
export interface Watcher {
  /** It is being told of `revision`, and answers wait for it. Resolves when they need not any more. */
  expect(revision: number): Promise<void>;
  /** The stream has ended: whoever read it knows, and trusts nothing any more. */
  close(): void;
}

interface Expectation {
  readonly watcher: Watcher;
  readonly who: string;
  readonly revision: number;
  readonly met: PromiseWithResolvers<void>;
  timer: ReturnType<typeof setTimeout>;
}

/** Whether answers from before a change are wrong. A refresh leaves the token before it as it was. */
export function makesAnswersWrong(change: Change): boolean {
  switch (change.type) {
    case "connections":
      return change.renewed !== true;
    case "providers":
      return true;
    case "grant":
      return change.ended && change.itself !== true;
    case "identity":
      return false;
  }
}

/** Who has been told of a change and has yet to say that it follows. */
export class Confirmations {
  readonly #warn: (message: string) => void;
  readonly #patienceMs: number;
  readonly #expected = new Set<Expectation>();
  #watchers = 0;

  /** `warn` is told of a run that did not confirm in time. */
  constructor(warn: (message: string) => void, patienceMs: number = PATIENCE_MS) {
    this.#warn = warn;
    this.#patienceMs = patienceMs;
  }

  /** A stream has been opened by somebody who confirms. */
  open(caller: Caller): Watcher {
    const who = watcherName(caller);
    let isOpen = true;
    this.#watchers++;
    const watcher: Watcher = {
      expect: (revision) => isOpen ? this.#expect(watcher, who, revision) : Promise.resolve(),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#watchers--;
        this.#meet((expected) => expected.watcher === watcher);
      },
    };
    return watcher;
  }

  /** The caller follows everything up to `revision`, on whichever stream it heard of it. */
  confirm(caller: Caller, revision: number): void {
    const name = watcherName(caller);
    this.#meet((expected) => expected.who === name && expected.revision <= revision);
  }

  /** Resolves when everybody follows what has been announced, or has been waited for long enough. */
  async settled(): Promise<void> {
    if (this.#watchers === 0) return;
    // What was written is announced some microtasks later, and whoever asks now may have read it in
    // between: behind all of those it is certain that it was announced.
    await setImmediate();
    await Promise.all([...this.#expected].map(({ met }) => met.promise));
  }

  #expect(watcher: Watcher, who: string, revision: number): Promise<void> {
    const met = Promise.withResolvers<void>();
    const timer = this.#whenPatienceEnds((next) => expectation.timer = next, () => {
      this.#meet((expected) => expected === expectation);
      this.#warn(
        `The ${who} did not confirm a change within ${this.#patienceMs} ms: it is stopped, or far away`,
      );
    });
    const expectation: Expectation = { watcher, who, revision, met, timer };
    this.#expected.add(expectation);
    return met.promise;
  }

  /** A timer that comes late says that the daemon stood still: it begins again, and `again` is told. */
  #whenPatienceEnds(
    again: (timer: ReturnType<typeof setTimeout>) => void,
    end: () => void,
  ): ReturnType<typeof setTimeout> {
    const due = performance.now() + this.#patienceMs;
    return setTimeout(() => {
      const isLate = performance.now() - due > this.#patienceMs / 2;
      if (isLate) again(this.#whenPatienceEnds(again, end));
      else end();
    }, this.#patienceMs);
  }

  #meet(isMet: (expected: Expectation) => boolean): void {
    for (const expected of [...this.#expected].filter(isMet)) {
      clearTimeout(expected.timer);
      this.#expected.delete(expected);
      expected.met.resolve();
    }
  }
}
