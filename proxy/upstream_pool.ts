/**
 * Connections to servers, kept for the next request. One for each request at a time; idle ones keep
 * a read outstanding, which comes back when the server closes them.
 *
 * @module
 */
import { closeQuietly, type Duplex } from "./duplex.ts";
import type { Forward } from "./forward.ts";
import { HostSlots, type SlotLimits } from "./host_slots.ts";
import { ByteReader } from "./http1/byte_reader.ts";

/** Idle connections kept for one origin. */
const MAX_IDLE = 64;
/** How long a connection is kept unused: less than the 60 seconds after which common servers close. */
export const IDLE_MS = 55_000;
const SWEEP_MS = 5_000;
const LIMITS: SlotLimits = { open: 512, waiting: 1024, waitMs: 30_000 };

/** A connection to a server with its reader. */
export class Upstream {
  readonly connection: Duplex;
  readonly reader: ByteReader;
  readonly key: string;
  /** When it came back to the pool, in milliseconds of the pool's clock. */
  idleSince = 0;
  /** What is done when the server says anything while nobody asks it; the same each time. */
  onIdleActivity: (() => void) | null = null;
  #onClosed: (() => void) | null;

  /** A fresh connection; `key` says for whom it may be used. */
  constructor(connection: Duplex, key: string, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.connection = connection;
    this.reader = new ByteReader(connection);
    this.key = key;
  }

  /** It was closed here. */
  get isClosed(): boolean {
    return this.#onClosed === null;
  }

  /** Closes it for good. */
  close(): void {
    closeQuietly(this.connection);
    const onClosed = this.#onClosed;
    this.#onClosed = null;
    onClosed?.();
  }
}

/** What there is of one server, as long as any of it is in use or waited for. */
interface Origin {
  readonly slots: HostSlots;
  /** Each in its place, the newest last. */
  readonly idle: Upstream[];
  /** A connection under way that nobody has asked for yet; in its place, too. */
  coming: Promise<Upstream> | null;
}

/** The idle connections of one run. */
export class UpstreamPool {
  /** A run may ask more servers than there is memory for: one that is finished with is forgotten. */
  readonly #origins = new Map<string, Origin>();
  readonly #limits: SlotLimits;
  readonly #now: () => number;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  /**
   * `limits` for each origin. `now` is the time of day, not a counter of this machine's awake time:
   * a server forgets a connection while the machine sleeps, and nothing tells so afterwards.
   */
  constructor(limits: SlotLimits = LIMITS, now: () => number = Date.now) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Servers of which something is open, or waited for. */
  get size(): number {
    return this.#origins.size;
  }

  /**
   * A new connection, or an idle one when none may be opened now and one comes back first;
   * `mustBeNew` for one that nobody shares.
   *
   * @throws {Refusal} 503 when too many are open; otherwise what connecting throws.
   */
  async open(
    { key, authority, connect }: Pick<Forward, "key" | "authority" | "connect">,
    { mustBeNew }: { readonly mustBeNew: boolean },
  ): Promise<{ upstream: Upstream; isReused: boolean }> {
    // Asked for in each round: what was waited for may have been all that there was of it.
    let origin = this.#originOf(key);
    const { coming } = origin;
    if (coming !== null) {
      origin.coming = null;
      return { upstream: await coming, isReused: false };
    }
    while (!origin.slots.tryEnter()) {
      const idle = mustBeNew ? undefined : this.take(key);
      if (idle !== undefined) return { upstream: idle, isReused: true };
      const oldest = origin.idle.shift();
      // Its place is free then.
      if (oldest !== undefined) discard(oldest);
      else await origin.slots.wait(authority);
      origin = this.#originOf(key);
    }
    return { upstream: await connectInto(origin.slots, key, connect), isReused: false };
  }

  /**
   * Opens a connection for a request that is likely to come, where there is none; that request takes
   * it, and is told how it failed. One that never comes leaves it in the pool.
   */
  prepare({ key, connect }: Pick<Forward, "key" | "connect">): void {
    const origin = this.#originOf(key);
    if (origin.idle.length > 0 || origin.coming !== null || !origin.slots.tryEnter()) return;
    const coming = origin.coming = connectInto(origin.slots, key, connect);
    coming.then((upstream) => {
      // Somebody has it already.
      if (origin.coming !== coming) return;
      origin.coming = null;
      if (this.#isClosed) upstream.close();
      else this.give(upstream);
    }, () => {
      if (origin.coming === coming) origin.coming = null;
    });
  }

  /** A place for a connection that is kept elsewhere: how to leave it; null when all are taken. */
  enter(key: string): (() => void) | null {
    const { slots } = this.#originOf(key);
    return slots.tryEnter() ? () => slots.leave() : null;
  }

  /**
   * Waits for a place to become free.
   *
   * @throws {Refusal} 503 when too many wait, or the wait was too long.
   */
  awaitPlace({ key, authority }: Pick<Forward, "key" | "authority">): Promise<void> {
    return this.#originOf(key).slots.wait(authority);
  }

  /** Has `told` called when a place may be free: how to leave the queue; null when it is full. */
  queueForPlace(key: string, told: () => void): (() => void) | null {
    return this.#originOf(key).slots.queueUp(told);
  }

  /** An idle connection that still looks alive, or undefined. The newest is the likeliest to be. */
  take(key: string): Upstream | undefined {
    const idle = this.#origins.get(key)?.idle;
    for (let upstream = idle?.pop(); upstream !== undefined; upstream = idle?.pop()) {
      upstream.reader.onActivity = null;
      // Bytes nobody asked for would become the answer to the next request.
      const isUsable = !upstream.reader.isDead && upstream.reader.buffered === 0;
      if (isUsable && this.#isRecent(upstream)) return upstream;
      upstream.close();
    }
    return undefined;
  }

  /** Takes back a connection whose answer was read to its end. */
  give(upstream: Upstream): void {
    // One that was closed meanwhile has no place any more.
    const origin = upstream.isClosed ? undefined : this.#origins.get(upstream.key);
    if (origin === undefined) return;
    const { idle, slots } = origin;
    const isFull = idle.length >= MAX_IDLE || this.#isClosed;
    if (isFull || upstream.reader.buffered > 0) return upstream.close();
    upstream.reader.expectHead();
    upstream.idleSince = this.#now();
    upstream.reader.onActivity = upstream.onIdleActivity ??= dropper(upstream, idle);
    void upstream.reader.readAhead();
    idle.push(upstream);
    slots.wakeOne();
    this.#sweeper ??= this.#startSweeper();
  }

  /** Closes every idle connection. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const { idle } of this.#origins.values()) idle.splice(0).forEach(discard);
  }

  #originOf(key: string): Origin {
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      const slots = new HostSlots(this.#limits, () => this.#origins.delete(key));
      this.#origins.set(key, origin = { slots, idle: [], coming: null });
    }
    return origin;
  }

  /** A clock that was set back says nothing about the age either. */
  #isRecent({ idleSince }: Upstream): boolean {
    const idleMs = this.#now() - idleSince;
    return idleMs >= 0 && idleMs < IDLE_MS;
  }

  #startSweeper(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      for (const { idle } of this.#origins.values()) {
        while (idle.length > 0 && !this.#isRecent(idle[0]!)) discard(idle.shift()!);
      }
    }, SWEEP_MS);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }
}

/** In a place that was taken; it is free again when the connection is not. */
async function connectInto(
  slots: HostSlots,
  key: string,
  connect: Forward["connect"],
): Promise<Upstream> {
  try {
    return new Upstream(await connect(), key, () => slots.leave());
  } catch (error) {
    slots.leave();
    throw error;
  }
}

/** For an idle one that the server has closed, or made useless. */
function dropper(upstream: Upstream, idle: Upstream[]): () => void {
  return () => {
    upstream.close();
    const at = idle.indexOf(upstream);
    if (at >= 0) idle.splice(at, 1);
  };
}

function discard(upstream: Upstream): void {
  upstream.reader.onActivity = null;
  upstream.close();
}
