/**
 * HTTP/2 sessions with servers on behalf of one client connection. They are not shared with another
 * one: a client that floods or stalls spoils its own calls only, and they end when it leaves. Nor are
 * they coalesced (RFC 9113 section 9.1.1): one session, one authority.
 *
 * @module
 */
import http2 from "node:http2";
import { unreachable } from "../fail_closed.ts";
import type { Forward } from "../forward.ts";
import { connectionStream } from "./connection_stream.ts";

const SETTINGS: http2.Settings = {
  enablePush: false,
  initialWindowSize: 256 * 1024,
  maxHeaderListSize: 64 * 1024,
};

/** The sessions of one client connection, by {@linkcode Forward.key}. */
export class UpstreamSessions {
  readonly #sessions = new Map<string, Promise<http2.ClientHttp2Session>>();
  #isClosed = false;

  /**
   * A session for the request; opened when there is none that takes new streams.
   *
   * @throws {Refusal} when the server cannot be reached or does not speak HTTP/2.
   */
  get(forward: Forward): Promise<http2.ClientHttp2Session> {
    const known = this.#sessions.get(forward.key);
    if (known !== undefined) return known;
    const opening = this.#open(forward, () => {
      if (this.#sessions.get(forward.key) === opening) this.#sessions.delete(forward.key);
    });
    this.#sessions.set(forward.key, opening);
    return opening;
  }

  /** Ends them all at once. */
  close(): void {
    this.#isClosed = true;
    for (const opening of this.#sessions.values()) {
      opening.then((session) => session.destroy(), () => {});
    }
    this.#sessions.clear();
  }

  async #open(forward: Forward, forget: () => void): Promise<http2.ClientHttp2Session> {
    try {
      const connection = await forward.connect();
      if (this.#isClosed) {
        connection.close();
        throw new Error("the client has left");
      }
      const session = http2.connect(`https://${forward.authority}`, {
        createConnection: () => connectionStream(connection),
        settings: SETTINGS,
      });
      // Streams that have begun go on after a GOAWAY; new ones belong to a new session.
      session.on("goaway", forget);
      session.on("close", forget);
      // Told to each stream as well, and there it is answered.
      session.on("error", forget);
      return session;
    } catch (error) {
      forget();
      throw unreachable(forward.authority, error);
    }
  }
}
