/**
 * Gives memory back to the machine when a busy run has become quiet.
 *
 * Under load V8 lets its nursery grow to 32 MB and keeps it until it needs a collection, which a
 * quiet process never does; and it takes the nursery's size from a flag at the start of the process
 * alone. So the run asks for a collection: when nothing was asked for ten seconds and it has become
 * very large, and otherwise once, when half a minute was quiet and it has grown much.
 *
 * Neither for less nor sooner: the runtime has one kind of collection to ask for, which throws compiled
 * code away too, and the requests of the next second take a quarter longer. An agent that asks for
 * something now and then never has one.
 *
 * The start leaves much behind that nobody needs again, too, a sixth of all memory. When it is over and
 * nothing was asked for yet, there is no code either that a request has made quick.
 *
 * @module
 */

/** What is looked at and done; the defaults are the real ones. */
export interface IdleMemoryOptions {
  /** Between two looks whether something was asked for. */
  readonly lookMs?: number;
  /** Bytes of memory that the process holds. */
  readonly resident?: () => number;
  /** Time without a request behind the start until its garbage is collected. */
  readonly startedMs?: number;
  /** Collects garbage; a moment of a few tens of milliseconds. */
  readonly collect?: () => void | Promise<void>;
}

const LOOK_MS = 500;
/** A command that ends sooner needs none; certificates are signed ahead meanwhile. */
const STARTED_MS = 1_500;
/** Growth since the start with which a pause is enough. */
export const MUCH_BYTES: number = 80 * 1024 * 1024;
/** Growth since the last collection below which none is worth it. */
const WORTH_BYTES = 40 * 1024 * 1024;
/** Quiet looks that are a pause. */
const PAUSE_LOOKS = 20;
/** Those that are a long time. */
const LONG_LOOKS = 60;

/** See the module. */
export class IdleMemory {
  readonly #options: Required<IdleMemoryOptions>;
  #uses = 0;
  #usesSeen = 0;
  #quietLooks = 0;
  readonly #residentAtStart: number;
  #residentBefore: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #starting: ReturnType<typeof setTimeout> | undefined;

  /** Does nothing until something was used. */
  constructor(
    {
      lookMs = LOOK_MS,
      startedMs = STARTED_MS,
      resident = () => Deno.memoryUsage().rss,
      collect = collectGarbage,
    }: IdleMemoryOptions = {},
  ) {
    this.#options = { lookMs, startedMs, resident, collect };
    this.#residentAtStart = this.#residentBefore = resident();
  }

  /** Said once, when all that a start does is done. */
  started(): void {
    this.#starting = setTimeout(() => {
      if (this.#uses === 0) void this.#collect();
    }, this.#options.startedMs);
    Deno.unrefTimer(this.#starting as unknown as number);
  }

  /** Said of every request; cheap. */
  used(): void {
    this.#uses++;
    this.#timer ??= this.#watch();
  }

  /** Looks no more. */
  close(): void {
    clearTimeout(this.#starting);
    this.#rest();
  }

  /** Until something is used again. */
  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #watch(): ReturnType<typeof setInterval> {
    this.#quietLooks = 0;
    const timer = setInterval(() => {
      this.#quietLooks = this.#usesSeen === this.#uses ? this.#quietLooks + 1 : 0;
      this.#usesSeen = this.#uses;
      if (this.#quietLooks === PAUSE_LOOKS && this.#isWorthIt(this.#residentAtStart + MUCH_BYTES)) {
        void this.#collect();
      }
      if (this.#quietLooks < LONG_LOOKS) return;
      this.#rest();
      if (this.#isWorthIt()) void this.#collect();
    }, this.#options.lookMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  /** With less than `most`, and with little more than behind the last collection, none is. */
  #isWorthIt(most = 0): boolean {
    const now = this.#options.resident();
    return now >= most && now - this.#residentBefore >= WORTH_BYTES;
  }

  async #collect(): Promise<void> {
    const { resident, collect } = this.#options;
    await collect();
    this.#residentBefore = resident();
  }
}

/**
 * As `node --expose-gc` offers it: a function of a context that was made while the flag was set. Deno
 * 2.9.6 understands none of its options.
 */
async function collectGarbage(): Promise<void> {
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("globalThis.gc");
  v8.setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") collect();
}
