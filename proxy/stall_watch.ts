/**
 * Notices that this process stood still: stopped by a signal, asleep with its machine, or starved.
 *
 * Whoever changes a credential waits for the runs to follow, but not for long
 * (`daemon/broker/confirmations.ts`). When a run that stood still goes on, the news of the change lies
 * unread beside requests that began after it, and nothing says which of them is read first. So after
 * a standstill everything waits for a turn of the event loop, in which all that has arrived is read.
 *
 * A beat tells that time has passed without a turn. While nothing is asked for there is no beat, and
 * the first request waits for its turn all the same: that is a millisecond, after ten seconds of quiet.
 *
 * @module
 */

/** Time between two beats, in milliseconds. */
export const BEAT_MS = 50;
/**
 * So long behind the last beat is a standstill. Shorter than the daemon's patience by more than a
 * beat: whoever was not waited for had its last one at most a beat before the change.
 */
export const STALLED_MS = 150;
/** Nothing was asked for in so many beats. */
const IDLE_BEATS = 200;

/** What may differ in tests. */
export interface StallWatchOptions {
  readonly stalledMs?: number;
  readonly idleBeats?: number;
  /** Time, in milliseconds. */
  readonly now?: () => number;
}

/** See the module. */
export class StallWatch {
  readonly #onStall: () => void;
  readonly #stalledMs: number;
  readonly #maxIdleBeats: number;
  readonly #now: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastBeat = 0;
  #idleBeats = 0;
  #turn: ReturnType<typeof setTimeout> | undefined;
  #catchingUp: PromiseWithResolvers<void> | null = null;
  #isClosed = false;

  /** Begins to beat. `onStall` is called when a standstill is noticed. */
  constructor(
    onStall: () => void,
    { stalledMs = STALLED_MS, idleBeats = IDLE_BEATS, now = () => Date.now() }: StallWatchOptions =
      {},
  ) {
    this.#onStall = onStall;
    this.#stalledMs = stalledMs;
    this.#maxIdleBeats = idleBeats;
    this.#now = now;
    this.#start();
  }

  /** What a request waits for before anything is decided about it; null while all goes on. Cheap. */
  caughtUp(): Promise<void> | null {
    if (this.#isClosed) return null;
    this.#idleBeats = 0;
    if (this.#timer === undefined) {
      this.#start();
      this.#catchUp();
    } else this.#look();
    return this.#catchingUp?.promise ?? null;
  }

  /** Ends the beat; nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
    clearTimeout(this.#turn);
    this.#caughtUp();
  }

  #start(): void {
    this.#lastBeat = this.#now();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#idleBeats = 0;
  }

  #beat(): void {
    this.#look();
    this.#lastBeat = this.#now();
    if (++this.#idleBeats > this.#maxIdleBeats) this.#stop();
  }

  #look(): void {
    // A clock that was set back says nothing about the time that has passed.
    if (Math.abs(this.#now() - this.#lastBeat) <= this.#stalledMs) return;
    this.#lastBeat = this.#now();
    this.#onStall();
    this.#catchUp();
  }

  #catchUp(): void {
    if (this.#catchingUp !== null) return;
    this.#catchingUp = Promise.withResolvers();
    // A timer: before it fires the event loop has asked the system what has arrived.
    this.#turn = setTimeout(() => this.#caughtUp(), 1);
  }

  #caughtUp(): void {
    this.#catchingUp?.resolve();
    this.#catchingUp = null;
  }
}
