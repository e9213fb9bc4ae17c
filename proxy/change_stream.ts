/**
 * Holds the daemon's change stream (`GET /proxy/events`) open for the whole run. While it is open an
 * answer of the daemon may be reused; the moment it breaks nothing remembered is sure any more.
 *
 * What the owner changed is confirmed once it is followed: the owner's command waits for that, so that
 * no request which begins after it carries what was true before.
 *
 * @module
 */
import { pause } from "../core/pause.ts";
import type { DaemonAccess } from "./daemon_access.ts";

/** Who wants to know. */
export interface ChangeListener {
  /**
   * The stream is open, or something changed: what is remembered must be asked for again. When this
   * returns nothing of it is used any more.
   */
  onChange(revision: number): void;
  /** The stream broke. */
  onBroken(): void;
  /** The grant has ended. */
  onEnded(): void;
}

/** Waits before the first attempts to open the stream again, in milliseconds; the last one repeats. */
const BACK_OFF_MS = [0, 100, 250, 500, 1_000, 2_000, 5_000];

/** The stream, opened again and again until it is closed. */
export class ChangeStream {
  readonly #daemon: DaemonAccess;
  readonly #listener: ChangeListener;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #isOpen = false;
  /** Revision of the last event that is to be confirmed and is not yet. */
  #followed: number | null = null;
  #confirming: Promise<void> | null = null;

  /** Opens the stream in the background. */
  constructor(daemon: DaemonAccess, listener: ChangeListener) {
    this.#daemon = daemon;
    this.#listener = listener;
    this.#done = this.#hold();
  }

  /** Whether every change is told at once. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Ends it; resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#done, this.#confirming]);
  }

  async #hold(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; failures++) {
      await pause(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]!, signal);
      if (signal.aborted) return;
      try {
        // The first attempt is made with the client that just answered.
        if (failures > 0) await this.#daemon.revive();
        if (await this.#listen(signal)) failures = 0;
      } catch {
        // Whoever needs a credential meanwhile is told so; here it is only tried again.
      } finally {
        if (this.#isOpen) {
          this.#isOpen = false;
          this.#listener.onBroken();
        }
      }
    }
  }

  /** Reads events until the stream ends; true when there was at least one. */
  async #listen(signal: AbortSignal): Promise<boolean> {
    let isFirst = true;
    try {
      for await (const event of this.#daemon.current.proxyEvents(signal, { confirm: true })) {
        isFirst = false;
        if (event.type === "ended") {
          this.#listener.onEnded();
          // Leaving the stream is what confirms it.
          return true;
        }
        this.#isOpen = true;
        this.#listener.onChange(event.revision);
        if (event.confirm === true) this.#confirm(event.revision);
      }
    } catch (error) {
      if (isFirst) throw error;
    }
    return !isFirst;
  }

  /** Beside the reading: the next event must not wait. One answer stands for all events before it. */
  #confirm(revision: number): void {
    this.#followed = revision;
    this.#confirming ??= this.#confirmAll();
  }

  async #confirmAll(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#followed !== null && !signal.aborted) {
      const revision = this.#followed;
      this.#followed = null;
      try {
        await this.#daemon.current.confirmChanges(revision, { signal });
      } catch {
        // A daemon that hears nothing waits no longer for it than for a run that is stopped.
      }
    }
    // In the same moment as the last look: what comes later begins anew.
    this.#confirming = null;
  }
}
