/**
 * Notices that the front door accepts nobody any more. In Deno 2.9.6 one failed `accept` is the last
 * one that a server of node:net tries, and nothing tells so: out of file descriptors for a moment, or
 * (macOS) a client that left while it waited, and every request of the run would wait for ever.
 *
 * So where nobody has come for a while, the watch knocks at the door itself. Who is not let in has
 * it opened anew, on the same port: the child knows no other.
 *
 * @module
 */
import type net from "node:net";

/** Between two looks, in milliseconds. */
const LOOK_MS = 5_000;
/** Looks for one knock where nobody has come yet: knocking loads code, which an idle run does without. */
const RARELY = 12;
/** A knock is waited for in so many steps: a process that stood still skips one of them, not all. */
const STEPS = 10;
const STEP_MS = 200;

/** What may differ in tests. */
export interface DoorWatchOptions {
  /** Default: five seconds. */
  readonly lookMs?: number;
}

/** See the module. */
export class DoorWatch {
  readonly #port: number;
  readonly #reopen: () => Promise<void>;
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosed = false;
  #cameIn = false;
  #hasServed = false;
  #looks = 0;
  /** The local port of the watch's own connection while it knocks; null when it could not. */
  #knock: Promise<number | null> | null = null;
  #letIn: (() => void) | null = null;
  /** Ends the watch's own connecting. */
  #patience = new AbortController();
  #looking: Promise<void> | null = null;

  /** Begins to look at the door of `port`, and calls `reopen` when it is stuck. */
  constructor(
    port: number,
    reopen: () => Promise<void>,
    { lookMs = LOOK_MS }: DoorWatchOptions = {},
  ) {
    this.#port = port;
    this.#reopen = reopen;
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => this.#looking = null);
    }, lookMs);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Somebody has come in: `welcome` is called unless it was the watch itself. */
  accepted(socket: net.Socket, welcome: () => void): void {
    this.#cameIn = true;
    this.#letIn?.();
    if (this.#knock === null) return this.#welcome(welcome);
    void this.#knock.then((port) => {
      if (port !== null && socket.remotePort === port) socket.destroy();
      else this.#welcome(welcome);
    });
  }

  /** Looks no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#letIn?.();
    this.#patience.abort();
    await this.#looking;
  }

  #welcome(welcome: () => void): void {
    this.#hasServed = true;
    welcome();
  }

  async #look(): Promise<void> {
    if (!this.#hasServed && ++this.#looks % RARELY !== 0) return;
    if (this.#cameIn) {
      this.#cameIn = false;
      return;
    }
    const isStuck = await this.#isStuck();
    this.#cameIn = false;
    // What fails is tried again with the next look.
    if (isStuck && !this.#isClosed) await this.#reopen().catch(() => {});
  }

  async #isStuck(): Promise<boolean> {
    const { signal } = this.#patience = new AbortController();
    const connecting = Deno.connect({ hostname: "127.0.0.1", port: this.#port, signal });
    this.#knock = connecting.then(({ localAddr }) => localAddr.port, () => null);
    let isLetIn = false;
    const lettingIn = new Promise<void>((resolve) => {
      this.#letIn = () => {
        isLetIn = true;
        resolve();
      };
    });
    const outcome = Promise.all([connecting, lettingIn]).then(() => false, saysStuck);
    // Where too many stand before a stuck door, the watch does not even come to stand there.
    const isStuck = await inTime(outcome) ?? !isLetIn;
    this.#patience.abort();
    connecting.then((knock) => knock.close(), () => {});
    await this.#knock;
    this.#letIn = null;
    this.#knock = null;
    return isStuck;
  }
}

/**
 * Nobody listens: it could not be opened anew the last time. Anything else says nothing about the door,
 * such as that too many files are open even now.
 */
function saysStuck(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused;
}

/** What comes of it, or null when it takes longer than a knock is waited for. */
async function inTime<T>(work: Promise<T>): Promise<T | null> {
  for (let step = 0; step < STEPS; step++) {
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), STEP_MS);
    const result = await Promise.race([work, promise]);
    clearTimeout(timer);
    if (result !== null) return result;
  }
  return null;
}
