/**
 * Gives memory back to the machine when a busy run has become quiet.
 *
 * Under load V8 lets its nursery grow to 64 MB and keeps it until it needs a collection, which a
 * quiet process never does; and it takes the nursery's size from a flag at the start of the process
 * alone. So the run asks for a collection: in any pause when it has become very large, and otherwise
 * once, when nothing was asked for half a minute and it has grown much.
 *
 * Not for less: a collection throws compiled code away too, and the next requests take a quarter
 * longer. An agent that asks for something now and then never has one.
 *
 * @module
 */

/** What is looked at and done; the defaults are the real ones. */
export interface IdleMemoryOptions {
  /** A pause: time without a request after which growth is looked at. */
  readonly quietMs?: number;
  /** Bytes of memory that the process holds. */
  readonly resident?: () => number;
  /** Collects garbage; a moment of a few tens of milliseconds. */
  readonly collect?: () => void | Promise<void>;
}

const QUIET_MS = 500;
/** Growth since the start that is worth a collection in any pause. */
export const MUCH_BYTES: number = 80 * 1024 * 1024;
/** Growth since the last collection below which none is worth it. */
const WORTH_BYTES = 40 * 1024 * 1024;
/** Quiet looks that are a long time. */
const LOOKS = 60;

/** See the module. */
export class IdleMemory {
  readonly #options: Required<IdleMemoryOptions>;
  #uses = 0;
  #usesSeen = 0;
  #quietLooks = 0;
  readonly #residentAtStart: number;
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
    this.#residentAtStart = this.#residentBefore = resident();
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
    this.#quietLooks = 0;
    const timer = setInterval(() => {
      this.#quietLooks = this.#usesSeen === this.#uses ? this.#quietLooks + 1 : 0;
      this.#usesSeen = this.#uses;
      if (this.#quietLooks === 1) void this.#collectBeyond(this.#residentAtStart + MUCH_BYTES);
      if (this.#quietLooks < LOOKS) return;
      this.close();
      void this.#collectBeyond(0);
    }, this.#options.quietMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  async #collectBeyond(bytes: number): Promise<void> {
    const { resident, collect } = this.#options;
    const now = resident();
    if (now < bytes || now - this.#residentBefore < WORTH_BYTES) return;
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
