/**
 * Notices that a server has fallen silent. A network that goes away tells nobody: without being asked
 * (RFC 9113 section 6.7) a call would wait for a server that it will never reach.
 *
 * While calls wait and nothing comes, the server is asked by PING; what says nothing then either is
 * dead. One that answers may be quiet for as long as it likes.
 *
 * Whether it is silent is a matter of the time of day, which goes on while this machine sleeps. How
 * long an answer may take is counted in beats, which do not: it may lie here unread.
 *
 * @module
 */
import type { Timing } from "../timing.ts";

/** How long it waits. */
export type SilenceTiming = Pick<Timing, "silentMs" | "pingMs" | "quietMs">;

/** The connection that is watched. */
export interface SilenceHost {
  /** Calls wait. */
  isWaiting(): boolean;
  /** Writes that are done; null while nothing is being written. */
  written(): number | null;
  /** Asks the server. */
  ping(): void;
  /** It does not answer. */
  die(): void;
}

/** At least, for an answer. */
const BEATS = 4;
/** gRPC's servers forgive two PINGs that come too early; the third ends the connection. */
const MAX_EARLY = 2;

/** See the module. */
export class SilenceWatch {
  readonly #timing: SilenceTiming;
  readonly #host: SilenceHost;
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  /** In which an answer has to come. */
  readonly #maxBeats: number;
  #heardAt: number;
  /** Beats since it was asked; null: it was not, or has answered. */
  #beats: number | null = null;
  #askedAt = -Infinity;
  #early = 0;
  #wasCalled = false;
  #written: number | null = null;

  /** Begins to watch; `now` is the time of day. */
  constructor(timing: SilenceTiming, host: SilenceHost, now: () => number = Date.now) {
    this.#timing = timing;
    this.#host = host;
    this.#now = now;
    this.#heardAt = now();
    const beatMs = Math.min(timing.silentMs, timing.pingMs / BEATS);
    this.#maxBeats = Math.ceil(timing.pingMs / beatMs);
    this.#timer = setInterval(() => this.beat(), beatMs);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** It was asked, and has not answered for a beat. */
  get isInDoubt(): boolean {
    return this.#beats !== null && this.#beats > 0;
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = this.#now();
    this.#beats = null;
  }

  /** It was a piece of an answer: a server counts its PINGs from there on. */
  heardAnswer(): void {
    this.#askedAt = -Infinity;
    this.#early = 0;
  }

  /** A call is on its way. Behind a silence it is not trusted that it will arrive. */
  called(): void {
    this.#wasCalled = true;
    if (this.#beats === null) this.#askIfSilent();
  }

  /** Looks; by itself, often enough. */
  beat(): void {
    if (this.#isDraining()) this.heard();
    if (this.#beats === null) return this.#askIfSilent();
    this.#beats++;
    if (this.#beats >= this.#maxBeats) this.#host.die();
  }

  /** Watches no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #askIfSilent(): void {
    const silentMs = this.#now() - this.#heardAt;
    // A clock that was set back says nothing.
    const isSilent = silentMs >= this.#timing.silentMs || silentMs < 0;
    if (!isSilent || !this.#host.isWaiting() || !this.#mayAsk()) return;
    this.#askedAt = this.#now();
    this.#wasCalled = false;
    this.#beats = 0;
    this.#host.ping();
  }

  /** Servers that count (gRPC's: one in five minutes without an answer between) end the connection. */
  #mayAsk(): boolean {
    const sinceMs = this.#now() - this.#askedAt;
    if (sinceMs >= this.#timing.quietMs || sinceMs < 0) return true;
    if (!this.#wasCalled || this.#early >= MAX_EARLY) return false;
    this.#early++;
    return true;
  }

  /** What could not be written has become less: slow, but there. A PING waits behind it. */
  #isDraining(): boolean {
    const before = this.#written;
    this.#written = this.#host.written();
    return before !== null && this.#written !== null && this.#written !== before;
  }
}
