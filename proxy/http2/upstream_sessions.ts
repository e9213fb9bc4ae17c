/**
 * HTTP/2 connections with servers on behalf of one client connection. They are not shared with another
 * one: a client that floods or stalls spoils its own calls only, and they end when it leaves. Nor are
 * they coalesced (RFC 9113 section 9.1.1): one connection, one authority.
 *
 * @module
 */
import { Refusal, unreachable } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { StreamFailure, TooManyStreams } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { Http2Connection, type OpenOptions } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";

const MAX_LIST_BYTES = 64 * 1024;
/** Connections that go away under the hands of one request. */
const MAX_ATTEMPTS = 3;
/** As for HTTP/1.1: what lies between may have forgotten an idle connection, and nobody tells. */
const IDLE_MS = 55_000;

/** The connections of one client, by {@linkcode Forward.key}. */
export class UpstreamSessions {
  readonly #sessions = new Map<string, Promise<Http2Connection>>();
  /** Also those that take no more requests. */
  readonly #all = new Set<Http2Connection>();
  readonly #now: () => number;
  #lastAsked: number;
  #isClosed = false;

  /** `now` is the time of day: a counter of this machine's awake time does not count its sleep. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#lastAsked = now();
  }

  /**
   * Sends the request's head for `stream`, on a new connection where there is none that takes it.
   *
   * @throws {Refusal} when the server cannot be reached, does not speak HTTP/2, or is too busy.
   * @throws {StreamFailure} when the client has left.
   */
  async ask(
    stream: Http2Stream,
    forward: Forward,
    { fields, endStream }: { readonly fields: readonly FieldLine[]; readonly endStream: boolean },
  ): Promise<Http2Stream> {
    this.#closeStale();
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const opening = this.#get(forward);
      const session = await opening;
      const call = await this.#open(session, forward, { fields, endStream, onBehalfOf: stream });
      if (call !== null) return call;
      if (stream.hasEnded) throw new StreamFailure(ErrorCode.CANCEL, "us", "the client has left");
      this.#forget(forward, opening);
    }
    throw unreachable(forward.authority, new Error("the server takes no requests"));
  }

  /** Ends them all at once. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#all) session.close();
    this.#sessions.clear();
  }

  #closeStale(): void {
    const idleMs = this.#now() - this.#lastAsked;
    this.#lastAsked += idleMs;
    if (idleMs < IDLE_MS) return;
    for (const session of this.#all) if (session.isIdle) session.close();
  }

  async #open(
    session: Http2Connection,
    { authority }: Forward,
    { fields, ...options }: OpenOptions & { readonly fields: readonly FieldLine[] },
  ): Promise<Http2Stream | null> {
    try {
      return await session.open(fields, options);
    } catch (error) {
      if (!(error instanceof TooManyStreams)) throw error;
      throw new Refusal(
        503,
        "TooManyRequestsError",
        `Cannot send the request to ${authority}: ${error.message}`,
        { hint: "Send fewer requests at once" },
      );
    }
  }

  #get(forward: Forward): Promise<Http2Connection> {
    const known = this.#sessions.get(forward.key);
    if (known !== undefined) return known;
    const opening = this.#connect(forward);
    this.#sessions.set(forward.key, opening);
    opening.catch(() => this.#forget(forward, opening));
    return opening;
  }

  /** Unless another one has taken its place: many requests find out at the same time. */
  #forget({ key }: Forward, opening: Promise<Http2Connection>): void {
    if (this.#sessions.get(key) === opening) this.#sessions.delete(key);
  }

  async #connect(forward: Forward): Promise<Http2Connection> {
    try {
      if (this.#isClosed) throw new Error("the client has left");
      const connection = await forward.connect();
      const session = new Http2Connection(connection, {
        role: "client",
        maxListBytes: MAX_LIST_BYTES,
      });
      this.#all.add(session);
      void session.ended.then(() => this.#all.delete(session));
      if (this.#isClosed) session.close();
      return session;
    } catch (error) {
      throw unreachable(forward.authority, error);
    }
  }
}
