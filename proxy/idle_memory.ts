/**
 * Gives memory back to the machine when a busy run has become quiet.
 *
 * Under load V8 lets its nursery grow to 64 MB and keeps it until it needs a collection, which a
 * quiet process never does; and it takes the nursery's size from a flag at the start of the process
 * alone. So the run asks for a collection: in any pause when it has become very large, of the nursery
 * alone if that helps, and otherwise once, when nothing was asked for half a minute and it has grown
 * much.
 *
 * Not for less: a collection of everything throws compiled code away too, and the next requests take a
 * quarter longer. An agent that asks for something now and then never has one.
 *
 * The start leaves much behind that nobody needs again, too, a sixth of all memory. When it is over and
 * nothing was asked for yet, there is no code either that a request has made quick.
 *
 * @module
 */
import { pause } from "../core/pause.ts";

/** What is collected; young objects lie in the nursery, and little that is compiled depends on them. */
export type Collected = "nursery" | "all";

/** What is looked at and done; the defaults are the real ones. */
export interface IdleMemoryOptions {
  /** A pause: time without a request after which growth is looked at. */
  readonly quietMs?: number;
  /** Bytes of memory that the process holds. */
  readonly resident?: () => number;
  /** Time without a request behind the start until its garbage is collected. */
  readonly startedMs?: number;
  /** Collects garbage; a moment of a few tens of milliseconds. */
  readonly collect?: (what: Collected, signal: AbortSignal) => void | Promise<void>;
}

const QUIET_MS = 500;
/** A command that ends sooner needs none; certificates are signed ahead meanwhile. */
const STARTED_MS = 1_500;
/** Growth since the start that is worth a collection in any pause. */
export const MUCH_BYTES: number = 80 * 1024 * 1024;
/** Growth since the last collection below which none is worth it. */
const WORTH_BYTES = 40 * 1024 * 1024;
/** Longer than V8 sweeps behind a collection. */
const SWEEPING_MS = 50;
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
  #starting: ReturnType<typeof setTimeout> | undefined;
  readonly #closing = new AbortController();

  /** Does nothing until something was used. */
  constructor(
    {
      quietMs = QUIET_MS,
      startedMs = STARTED_MS,
      resident = () => Deno.memoryUsage().rss,
      collect = collectGarbage,
    }: IdleMemoryOptions = {},
  ) {
    this.#options = { quietMs, startedMs, resident, collect };
    this.#residentAtStart = this.#residentBefore = resident();
  }

  /** Said once, when all that a start does is done. */
  started(): void {
    this.#starting = setTimeout(() => {
      if (this.#uses === 0) void this.#collect("all");
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
    this.#closing.abort();
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
      if (this.#quietLooks === 1) void this.#shrink();
      if (this.#quietLooks < LOOKS) return;
      this.#rest();
      if (this.#isWorthIt()) void this.#collect("all");
    }, this.#options.quietMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  async #shrink(): Promise<void> {
    const { resident } = this.#options;
    const most = this.#residentAtStart + MUCH_BYTES;
    if (!this.#isWorthIt(most)) return;
    await this.#collect("nursery");
    if (resident() >= most) await this.#collect("all");
  }

  /** With less than `most`, and with little more than behind the last collection, none is. */
  #isWorthIt(most = 0): boolean {
    const now = this.#options.resident();
    return now >= most && now - this.#residentBefore >= WORTH_BYTES;
  }

  async #collect(what: Collected): Promise<void> {
    const { resident, collect } = this.#options;
    await collect(what, this.#closing.signal);
    this.#residentBefore = resident();
  }
}

/** As `node --expose-gc` offers it: a function of a context that was made while the flag was set. */
async function collectGarbage(what: Collected, signal: AbortSignal): Promise<void> {
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("globalThis.gc");
  v8.setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return;
  if (what === "nursery") {
    // The second one gives back what the first one has emptied.
    collect({ type: "minor" });
    collect({ type: "minor" });
    return;
  }
  collect();
  // Sweeping goes on beside us. The nursery is given back by a collection of its own, behind that.
  await pause(SWEEPING_MS, signal);
  if (!signal.aborted) collect({ type: "minor" });
}
