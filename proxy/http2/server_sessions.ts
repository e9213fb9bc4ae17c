/**
 * The HTTP/2 connections of one client with one server. One is enough, until a server allows no more
 * streams on it: then there are more, as far as the run may open any.
 *
 * @module
 */
import { unreachable } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { IDLE_MS, type UpstreamPool } from "../upstream_pool.ts";
import type { SilenceTiming } from "./silence_watch.ts";
import { TooManyStreams } from "./failures.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";

const MAX_LIST_BYTES = 64 * 1024;
/** For a place, as in the pool. */
const WAIT_MS = 30_000;

/** What sessions need to begin, and to end. */
export interface SessionOptions {
  /** Where connections are counted. */
  readonly places: Pick<UpstreamPool, "enter" | "awaitPlace">;
  readonly silence: SilenceTiming;
  /** The time of day: a counter of this machine's awake time does not count its sleep. */
  readonly now: () => number;
}

/** Opens a stream on a session; null when that takes none any more, or nobody wants it. */
export type OpenStream = (session: Http2Connection) => Promise<Http2Stream | null>;

/** A connection that will be there. */
interface Coming {
  /** The first stream may be opened. */
  readonly connected: Promise<unknown>;
  /** The server has said how many it allows. */
  readonly settled: Promise<unknown>;
  /** Requests that wait for it. */
  claims: number;
}

/** See the module. */
export class ServerSessions {
  readonly #options: SessionOptions;
  /** Also those that take no more streams; with the time of their last use. */
  readonly #open = new Map<Http2Connection, number>();
  readonly #coming = new Set<Coming>();
  /** Which session a stream belongs to. */
  readonly #sessionOf = new WeakMap<Http2Stream, Http2Connection>();
  /** How many streams the server allows, as far as that is known. */
  #maxStreams = Infinity;
  #isClosed = false;

  /** None is open. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Has `open` called with a session that has room, now or soon; on another one than that of
   * `insteadOf` where there may be another. Gives what it gives.
   *
   * @throws {Refusal} when the server cannot be reached, or too many connections to it are open.
   * @throws {TooManyStreams} when it allows no stream more.
   */
  async ask(
    forward: Forward,
    open: OpenStream,
    insteadOf: Http2Stream | null = null,
  ): Promise<Http2Stream | null> {
    const until = performance.now() + WAIT_MS;
    const refused = insteadOf === null ? undefined : this.#sessionOf.get(insteadOf);
    for (let mayBegin = true;;) {
      const usable = this.#usable();
      const free = usable.find((session) =>
        session !== refused && session.room > 0 && !session.isInDoubt
      );
      if (free !== undefined) return await this.#openOn(free, open);
      if (performance.now() >= until) throw new TooManyStreams();
      const coming: Coming | null = this.#joinable() ??
        (mayBegin ? this.#begin(forward, usable) : null);
      if (coming !== null) mayBegin = await this.#claim(coming);
      else if (usable.length === 0) await this.#options.places.awaitPlace(forward);
      else return await this.#openOn(roomiest(usable), open);
    }
  }

  /** Ends those that nobody has used for a while: a server may have forgotten them. */
  closeStale(): void {
    for (const [session, usedAt] of this.#open) {
      const idleMs = this.#options.now() - usedAt;
      // A clock that was set back says nothing about the age either.
      if (session.isIdle && (idleMs >= IDLE_MS || idleMs < 0)) session.close();
    }
  }

  /** Ends them all at once. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#open.keys()) session.close();
  }

  async #openOn(session: Http2Connection, open: OpenStream): Promise<Http2Stream | null> {
    const use = () => {
      if (!session.hasEnded) this.#open.set(session, this.#options.now());
    };
    use();
    const stream = await open(session);
    if (stream === null) return null;
    this.#sessionOf.set(stream, session);
    void stream.ended.then(use);
    return stream;
  }

  #usable(): Http2Connection[] {
    return [...this.#open.keys()].filter(({ takesNoStreams }) => !takesNoStreams);
  }

  /** Waits for it; false when it did not come, and others have to do. */
  async #claim(coming: Coming): Promise<boolean> {
    const isFirst = coming.claims++ === 0;
    try {
      await (isFirst ? coming.connected : coming.settled);
      return true;
    } catch (error) {
      // The server may want one connection of a client, and no other.
      if (this.#usable().length > 0) return false;
      throw error;
    }
  }

  /** A connection on its way that is likely to have room for one more. */
  #joinable(): Coming | null {
    for (const coming of this.#coming) if (coming.claims < this.#maxStreams) return coming;
    return null;
  }

  /** One more connection; null when that would be of no use, or there is no place for it. */
  #begin(forward: Forward, usable: readonly Http2Connection[]): Coming | null {
    // Nothing is open on it, and it allows nothing: another one would not either.
    if (usable.some((session) => session.isIdle && session.room <= 0)) return null;
    const leave = this.#options.places.enter(forward.key);
    if (leave === null) return null;
    const connected = this.#connect(forward, leave);
    const settled = connected.then(async (session) => {
      await session.settled;
      if (!session.hasEnded) this.#maxStreams = Math.max(1, session.maxStreams);
    });
    const coming: Coming = { connected, settled, claims: 0 };
    this.#coming.add(coming);
    settled.catch(() => {}).finally(() => this.#coming.delete(coming));
    return coming;
  }

  async #connect(forward: Forward, leave: () => void): Promise<Http2Connection> {
    try {
      if (this.#isClosed) throw new Error("the client has left");
      const session = new Http2Connection(await forward.connect(), {
        role: "client",
        maxListBytes: MAX_LIST_BYTES,
        silence: this.#options.silence,
      });
      this.#open.set(session, this.#options.now());
      void session.ended.then(() => {
        this.#open.delete(session);
        leave();
      });
      if (this.#isClosed) session.close();
      return session;
    } catch (error) {
      leave();
      throw unreachable(forward.authority, error);
    }
  }
}

/** A request may wait there. */
function roomiest(sessions: readonly Http2Connection[]): Http2Connection {
  return sessions.reduce((best, session) => session.room > best.room ? session : best);
}
