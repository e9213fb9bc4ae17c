/**
 * Gives memory back to the machine when a busy run has become quiet.
 *
 * Under load V8 lets its nursery grow to 64 MB and keeps it until it needs a collection, which a
 * quiet process never does. So the run asks for one: once, when nothing was asked for half a minute and
 * the process has grown much.
 *
 * Not sooner and not for less: a collection throws compiled code away too, and the next requests take
 * twice as long. An agent that asks for something now and then never has one.
 *
 * @module
 */

/** What is looked at and done; the defaults are the real ones. */
export interface IdleMemoryOptions {
  readonly quietMs?: number;
  /** Bytes of memory that the process holds. */
  readonly resident?: () => number;
  /** Collects garbage; a moment of a few tens of milliseconds. */
  readonly collect?: () => void | Promise<void>;
}

const QUIET_MS = 30_000;
/** Growth that is worth a collection. */
const WORTH_BYTES = 48 * 1024 * 1024;

/** See the module. */
export class IdleMemory {
  readonly #options: Required<IdleMemoryOptions>;
  #uses = 0;
  #usesSeen = 0;
  #residentBefore: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Does nothing until something was used. */
  constructor(
    {
      quietMs = QUIET_MS,
      resident = () => Deno.memoryUsage().rss,
      collect = collectGarbage,
    }: IdleMemoryOptions = {},
  ) {
    this.#options = { quietMs, resident, collect };
    this.#residentBefore = resident();
  }

  /** Said of every request; cheap. */
  used(): void {
    this.#uses++;
    this.#timer ??= this.#watch();
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #watch(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      if (this.#usesSeen === this.#uses) void this.#tidyUp();
      this.#usesSeen = this.#uses;
    }, this.#options.quietMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  async #tidyUp(): Promise<void> {
    const { resident, collect } = this.#options;
    this.close();
    if (resident() - this.#residentBefore < WORTH_BYTES) return;
    await collect();
    this.#residentBefore = resident();
  }
}

/** As `node --expose-gc` offers it: a function of a context that was made while the flag was set. */
async function collectGarbage(): Promise<void> {
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("globalThis.gc");
  v8.setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") collect();
}
