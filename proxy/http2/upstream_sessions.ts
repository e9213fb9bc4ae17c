/**
 * HTTP/2 connections with servers on behalf of one client connection. They are not shared with another
 * one: a client that floods or stalls spoils its own calls only, and they end when it leaves. Nor are
 * they coalesced (RFC 9113 section 9.1.1): one connection, one authority.
 *
 * @module
 */
import { Refusal, unreachable } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { TooManyStreams } from "./failures.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { type Question, ServerSessions, type SessionOptions } from "./server_sessions.ts";

const SWEEP_MS = 5_000;

/** The connections of one client, by {@linkcode Forward.key}. */
export class UpstreamSessions {
  readonly #options: SessionOptions;
  readonly #servers = new Map<string, ServerSessions>();
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  /** None is open. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Sends the request's head for `stream`, on a new connection where there is none that takes it.
   *
   * @throws {Refusal} when the server cannot be reached, does not speak HTTP/2, or is too busy.
   * @throws {StreamFailure} when the client has left.
   */
  async ask(stream: Http2Stream, forward: Forward, question: Question): Promise<Http2Stream> {
    const server = this.#serverOf(forward);
    server.closeStale();
    try {
      return await server.ask(stream, forward, question);
    } catch (error) {
      throw error instanceof TooManyStreams ? tooBusy(forward, error) : error;
    }
  }

  /** Ends them all at once. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweeper);
    for (const server of this.#servers.values()) server.close();
  }

  #serverOf({ key, authority }: Forward): ServerSessions {
    if (this.#isClosed) throw unreachable(authority, new Error("the client has left"));
    let server = this.#servers.get(key);
    if (server === undefined) this.#servers.set(key, server = new ServerSessions(this.#options));
    this.#sweeper ??= this.#startSweeper();
    return server;
  }

  #startSweeper(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      for (const server of this.#servers.values()) server.closeStale();
    }, SWEEP_MS);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }
}

function tooBusy({ authority }: Forward, { message }: TooManyStreams): Refusal {
  return new Refusal(
    503,
    "TooManyRequestsError",
    `Cannot send the request to ${authority}: ${message}`,
    { hint: "Send fewer requests at once" },
  );
}
