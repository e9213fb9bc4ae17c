/**
 * HTTP/2 connections with servers on behalf of one client connection. They are not shared with another
 * one: a client that floods or stalls spoils its own calls only, and they end when it leaves. Nor are
 * they coalesced (RFC 9113 section 9.1.1): one connection, one authority.
 *
 * @module
 */
import { unreachable } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";

const MAX_LIST_BYTES = 64 * 1024;
/** Connections that go away under the hands of one request. */
const MAX_ATTEMPTS = 3;

/** The connections of one client, by {@linkcode Forward.key}. */
export class UpstreamSessions {
  readonly #sessions = new Map<string, Promise<Http2Connection>>();
  #isClosed = false;

  /**
   * Opens a stream for the request, on a new connection where there is none that takes it.
   *
   * @throws {Refusal} when the server cannot be reached or does not speak HTTP/2.
   */
  async open(forward: Forward): Promise<Http2Stream> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const session = await this.#get(forward);
      const stream = await session.open();
      if (stream !== null) return stream;
      this.#sessions.delete(forward.key);
    }
    throw unreachable(forward.authority, new Error("the server takes no requests"));
  }

  /** Ends them all at once. */
  close(): void {
    this.#isClosed = true;
    for (const opening of this.#sessions.values()) {
      opening.then((session) => session.close(), () => {});
    }
    this.#sessions.clear();
  }

  #get(forward: Forward): Promise<Http2Connection> {
    const known = this.#sessions.get(forward.key);
    if (known !== undefined) return known;
    const forget = () => {
      if (this.#sessions.get(forward.key) === opening) this.#sessions.delete(forward.key);
    };
    const opening = this.#connect(forward, forget);
    this.#sessions.set(forward.key, opening);
    return opening;
  }

  async #connect(forward: Forward, forget: () => void): Promise<Http2Connection> {
    try {
      const connection = await forward.connect();
      if (this.#isClosed) {
        connection.close();
        throw new Error("the client has left");
      }
      const session = new Http2Connection(connection, {
        role: "client",
        maxListBytes: MAX_LIST_BYTES,
        // Streams that have begun go on; new ones belong to a new connection.
        onGoaway: forget,
      });
      void session.ended.then(forget);
      return session;
    } catch (error) {
      forget();
      throw unreachable(forward.authority, error);
    }
  }
}
