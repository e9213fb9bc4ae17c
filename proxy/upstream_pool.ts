/**
 * Connections to servers, kept for the next request. One for each request at a time; idle ones keep
 * a read outstanding, which comes back when the server closes them.
 *
 * @module
 */
import { closeQuietly, type Duplex } from "./duplex.ts";
import { ByteReader } from "./http1/byte_reader.ts";

/** Idle connections kept for one origin. */
const MAX_IDLE = 64;
/** Shorter than the 60 seconds after which common servers close. */
const IDLE_MS = 55_000;
const SWEEP_MS = 5_000;

/** A connection to a server with its reader. */
export class Upstream {
  readonly connection: Duplex;
  readonly reader: ByteReader;
  readonly key: string;
  /** When it came back to the pool, in milliseconds of `performance.now()`. */
  idleSince = 0;

  /** A fresh connection; `key` says for whom it may be used. */
  constructor(connection: Duplex, key: string) {
    this.connection = connection;
    this.reader = new ByteReader(connection);
    this.key = key;
  }

  /** Closes it for good. */
  close(): void {
    closeQuietly(this.connection);
  }
}

/** The idle connections of one run. */
export class UpstreamPool {
  readonly #idle = new Map<string, Upstream[]>();
  #sweeper: ReturnType<typeof setInterval> | undefined;

  /** An idle connection that still looks alive, or undefined. The newest is the likeliest to be. */
  take(key: string): Upstream | undefined {
    const idle = this.#idle.get(key);
    for (let upstream = idle?.pop(); upstream !== undefined; upstream = idle?.pop()) {
      upstream.reader.onActivity = null;
      // Bytes nobody asked for would become the answer to the next request.
      if (!upstream.reader.isDead && upstream.reader.buffered === 0) return upstream;
      upstream.close();
    }
    return undefined;
  }

  /** Takes back a connection whose answer was read to its end. */
  give(upstream: Upstream): void {
    const idle = this.#listOf(upstream.key);
    if (idle.length >= MAX_IDLE || upstream.reader.buffered > 0) return upstream.close();
    upstream.reader.expectHead();
    upstream.idleSince = performance.now();
    upstream.reader.onActivity = () => {
      upstream.close();
      const at = idle.indexOf(upstream);
      if (at >= 0) idle.splice(at, 1);
    };
    void upstream.reader.readAhead();
    idle.push(upstream);
    this.#sweeper ??= this.#startSweeper();
  }

  /** Closes every idle connection. */
  close(): void {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const idle of this.#idle.values()) idle.splice(0).forEach(discard);
  }

  #listOf(key: string): Upstream[] {
    let idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, idle = []);
    return idle;
  }

  #startSweeper(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      const oldest = performance.now() - IDLE_MS;
      for (const idle of this.#idle.values()) {
        while (idle.length > 0 && idle[0]!.idleSince < oldest) discard(idle.shift()!);
      }
    }, SWEEP_MS);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }
}

function discard(upstream: Upstream): void {
  upstream.reader.onActivity = null;
  upstream.close();
}
