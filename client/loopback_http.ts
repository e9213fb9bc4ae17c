/**
 * HTTP/1.1 over plain connections to the daemon on this machine, for Deno.
 *
 * `fetch`, `Headers` and web streams would do the same and take fifteen milliseconds to get ready,
 * which is more than the rest of a request. What the daemon does not use is not here: redirects,
 * cookies, compression, caching.
 *
 * @module
 */
import { type AnswerHead, HttpReader } from "./http_reader.ts";
import type { Transport, TransportAnswer, TransportRequest } from "./transport.ts";

/** Connections kept for the next request. */
const MAX_IDLE = 4;

interface Connection {
  readonly conn: Deno.TcpConn;
  readonly reader: HttpReader;
}

/** What `send` does, over one connection. */
export type SendOver = (request: TransportRequest) => Promise<TransportAnswer>;

/** Finds out who is at the other end of a connection; rejects when nothing may be sent there. */
export type Greeting = (send: SendOver, signal: AbortSignal) => Promise<void>;

/** A transport that can be connected ahead of its first request. */
export interface LoopbackHttp extends Transport {
  /** Opens a connection for the next request. Rejects as `Deno.connect` does: nobody listens. */
  connect(): Promise<void>;
  /** What goes before the first request over each connection that is opened from now on. */
  greetWith(greeting: Greeting): void;
}

/** A transport whose every request goes to this address, and to no proxy. */
export function openLoopbackHttp(hostname: string, port: number): LoopbackHttp {
  const idle: Connection[] = [];
  let greeting: Greeting | null = null;

  function putAside(connection: Connection): void {
    if (idle.length < MAX_IDLE) idle.push(connection);
    else close(connection);
  }

  async function open(): Promise<Connection> {
    const conn = await Deno.connect({ hostname, port });
    conn.setNoDelay(true);
    return { conn, reader: new HttpReader(conn) };
  }

  async function openGreeted(greet: Greeting, signal: AbortSignal): Promise<Connection> {
    let isOpen = false;
    const connection = await open();
    const send: SendOver = async (request) =>
      await exchange(connection, request, () => isOpen = true) ?? brokeOff();
    try {
      await greet(send, signal);
      return isOpen ? connection : brokeOff();
    } catch (error) {
      close(connection);
      throw error;
    }
  }

  /**
   * Sends and reads the head; null when the connection ends before the answer begins. When the answer
   * was read, and the connection can take another request, it is given to `keep`.
   */
  async function exchange(
    connection: Connection,
    request: TransportRequest,
    keep: (connection: Connection) => void = putAside,
  ): Promise<TransportAnswer | null> {
    const { signal } = request;
    const abort = () => close(connection);
    signal.addEventListener("abort", abort, { once: true });
    const release = (isKept: boolean) => {
      signal.removeEventListener("abort", abort);
      if (isKept) keep(connection);
      else close(connection);
    };
    try {
      signal.throwIfAborted();
      await writeAll(connection.conn, serialize(request));
      request.onSent?.();
      const head = await connection.reader.readHead();
      if (head !== null) return answer(connection, head, release);
    } catch (error) {
      release(false);
      if (signal.aborted) throw signal.reason;
      if (!isConnectionLoss(error)) throw error;
      return null;
    }
    release(false);
    return null;
  }

  return {
    async connect() {
      idle.push(await open());
    },
    async send(request) {
      const kept = idle.pop();
      // The daemon ends what is idle for long, and may have been started anew: it has not seen the
      // request then. If it had, it would not take its proof a second time.
      const early = kept === undefined ? null : await exchange(kept, request);
      if (early !== null) return early;
      const fresh = greeting === null ? await open() : await openGreeted(greeting, request.signal);
      return await exchange(fresh, request) ?? brokeOff();
    },
    greetWith(greet) {
      greeting = greet;
    },
    close() {
      for (const connection of idle.splice(0)) close(connection);
    },
  };
}

function brokeOff(): never {
  throw new TypeError("the connection ended before an answer came");
}

/** The answer on a connection that is given back when its body was read to the end. */
function answer(
  { reader }: Connection,
  head: AnswerHead,
  release: (isKept: boolean) => void,
): TransportAnswer {
  const { status, headers } = head;
  const isFramed = headers.has("content-length") || headers.has("transfer-encoding");
  const staysOpen = isFramed && !/\bclose\b/i.test(headers.get("connection") ?? "");
  return {
    status,
    header: (name) => headers.get(name) ?? null,
    async text() {
      let isRead = false;
      try {
        const text = await reader.readText(head);
        isRead = true;
        return text;
      } finally {
        release(isRead && staysOpen);
      }
    },
    async *body() {
      let isRead = false;
      try {
        yield* reader.readBody(head);
        isRead = true;
      } finally {
        release(isRead && staysOpen);
      }
    },
  };
}

function serialize({ method, url, headers, body }: TransportRequest): Uint8Array {
  const { host, pathname, search } = new URL(url);
  const lines = [`${method} ${pathname}${search} HTTP/1.1`, `host: ${host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== null || method !== "GET") lines.push(`content-length: ${body?.length ?? 0}`);
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + (body?.length ?? 0));
  bytes.set(head);
  if (body !== null) bytes.set(body, head.length);
  return bytes;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

function isConnectionLoss(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}

function close({ conn }: Connection): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}
