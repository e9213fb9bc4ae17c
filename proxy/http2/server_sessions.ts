/**
 * The HTTP/2 connections of one client with one server. One is enough, until a server allows no more
 * streams on it: then there are more, as far as the run may open any.
 *
 * @module
 */
import { unreachable } from "../fail_closed.ts";
import type { TellFault } from "../fault_teller.ts";
import type { Forward } from "../forward.ts";
import { IDLE_MS, type UpstreamPool } from "../upstream_pool.ts";
import type { SilenceTiming } from "./silence_watch.ts";
import { StreamFailure, TooManyStreams } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { type Wait, WaitingLine } from "./waiting_line.ts";

const MAX_LIST_BYTES = 64 * 1024;
/** For a place, as in the pool. */
const WAIT_MS = 30_000;

/** What sessions need to begin, and to end. */
export interface SessionOptions {
  /** Where connections are counted. */
  readonly places: Pick<UpstreamPool, "enter" | "awaitPlace" | "queueForPlace">;
  readonly silence: SilenceTiming;
  /** Is given what ended a session, unless the server ended it. */
  readonly onFault?: TellFault;
  /** The time of day: a counter of this machine's awake time does not count its sleep. */
  readonly now: () => number;
}

/** A request as far as it is sent at once. */
export interface Question {
  readonly fields: readonly FieldLine[];
  /** That is all of it. */
  readonly endStream: boolean;
  /** It was sent before, and that session would not do. */
  readonly insteadOf?: Http2Stream | null;
}

/** A request that has no stream yet. */
interface Asking {
  readonly stream: Http2Stream;
  readonly forward: Forward;
  /** It waits no longer; by `performance.now()`. */
  readonly until: number;
  /** Another connection may be opened for it. */
  mayBegin: boolean;
  wait: Wait | undefined;
}

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
  /** Requests for which no session has room: the first one takes what becomes free, wherever. */
  readonly #line = new WaitingLine();
  /** Which session a stream belongs to. */
  readonly #sessionOf = new WeakMap<Http2Stream, Http2Connection>();
  /** How many streams the server allows, as far as that is known. */
  #maxStreams = Infinity;
  /** How to leave the run's queue for places; in it while somebody in the line could use one. */
  #leaveQueue: (() => void) | null = null;
  #isClosed = false;

  /** None is open. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Sends a request's head for `stream` on a session that has room, now or soon; on another one than
   * that of `insteadOf` where there may be another.
   *
   * @throws {Refusal} when the server cannot be reached, or too many connections to it are open.
   * @throws {TooManyStreams} when it allows no stream more.
   * @throws {StreamFailure} when the client has left.
   */
  async ask(stream: Http2Stream, forward: Forward, question: Question): Promise<Http2Stream> {
    const until = performance.now() + WAIT_MS;
    const asking: Asking = { stream, forward, until, mayBegin: true, wait: undefined };
    const { insteadOf = null } = question;
    const refused = insteadOf === null ? undefined : this.#sessionOf.get(insteadOf);
    const isGood = (session: Http2Connection) =>
      session !== refused && !session.isInDoubt && session.hasRoom;
    try {
      for (;;) {
        if (stream.hasEnded) {
          // Whoever waits behind this one may take the place.
          this.#line.wakeNext();
          throw new StreamFailure(ErrorCode.CANCEL, "us", "the client has left");
        }
        const session = this.#usable().find(isGood) ?? await this.#makeRoom(asking);
        const call = session === null ? null : this.#openOn(session, question);
        if (call !== null) return call;
      }
    } finally {
      if (this.#line.isEmpty) this.#leavePlaces();
    }
  }

  /** Waits until it is worth looking again: null; or a session that has to do. */
  async #makeRoom(asking: Asking): Promise<Http2Connection | null> {
    const { stream, forward, until, mayBegin } = asking;
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw new TooManyStreams();
    const usable = this.#usable();
    const coming = this.#joinable() ??
      (mayBegin || usable.length === 0 ? this.#begin(forward, usable) : null);
    if (coming !== null) {
      asking.mayBegin = await this.#claim(coming, stream);
      return null;
    }
    const session = usable.find(({ hasRoom }) => hasRoom);
    if (session !== undefined) return session;
    asking.wait ??= this.#line.waiter(stream.ended);
    await asking.wait(leftMs);
    return null;
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
    this.#leavePlaces();
    for (const session of this.#open.keys()) session.close();
  }

  #openOn(session: Http2Connection, { fields, endStream }: Question): Http2Stream | null {
    const call = session.tryOpen(fields, { endStream });
    if (call === null) return null;
    const use = () => {
      if (!session.hasEnded) this.#open.set(session, this.#options.now());
    };
    use();
    this.#sessionOf.set(call, session);
    void call.ended.then(use);
    return call;
  }

  #usable(): Http2Connection[] {
    return [...this.#open.keys()].filter(({ takesNoStreams }) => !takesNoStreams);
  }

  /** Waits for it, unless the client leaves; false when it did not come, and others have to do. */
  async #claim(coming: Coming, stream: Http2Stream): Promise<boolean> {
    const isFirst = coming.claims++ === 0;
    try {
      await Promise.race([isFirst ? coming.connected : coming.settled, stream.ended]);
      // Else each client that leaves would have had a connection of its own.
      if (stream.hasEnded) coming.claims--;
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

  /**
   * One more connection; null when that would be of no use, or others have to do as there is no place
   * for it.
   */
  #begin(forward: Forward, usable: readonly Http2Connection[]): Coming | null {
    // It allows nothing on one: on another it would not either.
    if (usable.some(({ maxStreams }) => maxStreams === 0)) return null;
    const leave = this.#options.places.enter(forward.key);
    if (leave === null && usable.length > 0) {
      this.#queueForPlace(forward);
      return null;
    }
    return this.#comingOver(
      leave === null
        ? this.#awaitPlace(forward).then((leave) => this.#connect(forward, leave))
        : this.#connect(forward, leave),
    );
  }

  #comingOver(connected: Promise<Http2Connection>): Coming {
    const settled = connected.then(async (session) => {
      await session.settled;
      if (!session.hasEnded) this.#maxStreams = Math.max(1, session.maxStreams);
    });
    const coming: Coming = { connected, settled, claims: 0 };
    this.#coming.add(coming);
    settled.catch(() => {}).finally(() => this.#coming.delete(coming));
    return coming;
  }

  /**
   * For those in the line, while they wait for a stream. The place is taken in the moment it is free:
   * one that is offered and left lying would be lost to everyone else who queues for it.
   */
  #queueForPlace(forward: Forward): void {
    const { places } = this.#options;
    this.#leaveQueue ??= places.queueForPlace(forward.key, () => {
      this.#leaveQueue = null;
      const leave = places.enter(forward.key);
      if (leave === null) return this.#queueForPlace(forward);
      if (this.#line.isEmpty) return leave();
      this.#comingOver(this.#connect(forward, leave));
      this.#line.wakeAll();
    });
  }

  #leavePlaces(): void {
    this.#leaveQueue?.();
    this.#leaveQueue = null;
  }

  async #awaitPlace(forward: Forward): Promise<() => void> {
    const { places } = this.#options;
    for (;;) {
      await places.awaitPlace(forward);
      const leave = places.enter(forward.key);
      if (leave !== null) return leave;
    }
  }

  async #connect(forward: Forward, leave: () => void): Promise<Http2Connection> {
    try {
      if (this.#isClosed) throw new Error("the client has left");
      const session = new Http2Connection(await forward.connect(), {
        role: "client",
        maxListBytes: MAX_LIST_BYTES,
        silence: this.#options.silence,
        line: this.#line,
        onFailed: (error) => this.#options.onFault?.(error),
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
