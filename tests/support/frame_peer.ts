/**
 * A peer that speaks HTTP/2 frame by frame, right or wrong as the test says, and tells what comes
 * back. What it sends is put together here and not by the code under test.
 *
 * @module
 */
import type { FieldLine } from "../../proxy/http2/hpack/field_line.ts";
import { HpackDecoder } from "../../proxy/http2/hpack/hpack_decoder.ts";
import { integerBytes, stringBytes } from "./hpack_encoder.ts";

/** RFC 9113 section 6. */
export const T = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Bits of the flags. */
export const F = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

/** What a client says first. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** A frame that came. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** Two ends of a TCP connection on this machine. */
export async function loopbackPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [dialled, accepted] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  dialled.setNoDelay();
  accepted.setNoDelay();
  return [dialled, accepted];
}

/** Numbers of four bytes each. */
export function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => bytes.setUint32(index * 4, value));
  return new Uint8Array(bytes.buffer);
}

/** The payload of SETTINGS. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return concat(...pairs.map(([id, value]) => concat([id >> 8, id & 0xff], numbers(value))));
}

/** A header block of literals without a table. */
export function block(fields: readonly FieldLine[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([name, value]) => [
      ...integerBytes(0, 4, 0),
      ...stringBytes(name, false),
      ...stringBytes(value, false),
    ]),
  );
}

/** The bytes one after another. */
export function concat(...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
  return all;
}

/** One frame; its length is that of the payload, unless another is said. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | readonly number[] = [],
  length: number = payload.length,
): Uint8Array {
  const head = [length >> 16, length >> 8 & 0xff, length & 0xff, type, flags];
  return concat(head, numbers(streamId), payload);
}

const PATIENCE_MS = 60_000;

/** One side of a connection. */
export class FramePeer implements Disposable {
  readonly connection: Deno.Conn;
  readonly #decoder = new HpackDecoder({ maxListBytes: 1024 * 1024 });
  #unread = new Uint8Array();

  /** Over `connection`, on which nothing was said yet. */
  constructor(connection: Deno.Conn) {
    this.connection = connection;
  }

  /** Sends bytes as they are. @throws When the other side has closed */
  async sendBytes(...pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...pieces);
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  /** Sends a frame. */
  send(...given: Parameters<typeof frame>): Promise<void> {
    return this.sendBytes(frame(...given));
  }

  /** What a client says first, and SETTINGS with nothing. */
  greetAsClient(payload: Uint8Array = new Uint8Array()): Promise<void> {
    return this.sendBytes(new TextEncoder().encode(PREFACE), frame(T.SETTINGS, 0, 0, payload));
  }

  /** Reads what a client says first; sends SETTINGS with nothing. */
  async greetAsServer(payload: Uint8Array = new Uint8Array()): Promise<void> {
    await this.send(T.SETTINGS, 0, 0, payload);
    if (await this.#fillTo(PREFACE.length)) this.#take(PREFACE.length);
  }

  /** Sends a whole head. */
  sendHead(id: number, fields: readonly FieldLine[], { endStream = false } = {}): Promise<void> {
    return this.send(T.HEADERS, F.END_HEADERS | (endStream ? F.END_STREAM : 0), id, block(fields));
  }

  /** The next frame; null at the end, clean or not. */
  async next(): Promise<SeenFrame | null> {
    if (!await this.#fillTo(9)) return null;
    const head = this.#unread.slice(0, 9);
    const length = head[0]! << 16 | head[1]! << 8 | head[2]!;
    if (!await this.#fillTo(9 + length)) return null;
    this.#take(9);
    return {
      type: head[3]!,
      flags: head[4]!,
      streamId: numberAt(head, 5),
      payload: this.#take(length),
    };
  }

  /** The next frame of that type, on that stream where one is said; null: the end came first. */
  async nextOf(type: number, streamId?: number): Promise<SeenFrame | null> {
    for (let seen = await this.next(); seen !== null; seen = await this.next()) {
      if (seen.type === type && (streamId ?? seen.streamId) === seen.streamId) return seen;
    }
    return null;
  }

  /** Everything up to the answer to a PING of ours, which comes behind what was caused before. */
  async settle(): Promise<{ readonly frames: readonly SeenFrame[]; readonly goesOn: boolean }> {
    const frames: SeenFrame[] = [];
    // It may have been closed already.
    await this.send(T.PING, 0, 0, MARK).catch(() => {});
    for (let seen = await this.next(); seen !== null; seen = await this.next()) {
      if (seen.type === T.PING && (seen.flags & F.ACK) !== 0) {
        if (MARK.every((byte, index) => seen.payload[index] === byte)) {
          return { frames, goesOn: true };
        }
      }
      frames.push(seen);
    }
    return { frames, goesOn: false };
  }

  /** The fields of a HEADERS frame; each one once, in order. */
  fields({ payload }: SeenFrame): readonly FieldLine[] {
    return this.#decoder.decode(payload).fields;
  }

  /** Closes; quietly when it is closed. */
  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch { /* closed */ }
  }

  async #fillTo(count: number): Promise<boolean> {
    while (this.#unread.length < count) {
      const buffer = new Uint8Array(65_536);
      // A test that waits for what never comes fails, and says where.
      const timer = setTimeout(() => this[Symbol.dispose](), PATIENCE_MS);
      const got = await this.connection.read(buffer).catch(() => null);
      clearTimeout(timer);
      if (got === null) return false;
      this.#unread = Uint8Array.from(concat(this.#unread, buffer.subarray(0, got)));
    }
    return true;
  }

  #take(count: number): Uint8Array {
    const bytes = this.#unread.slice(0, count);
    this.#unread = this.#unread.slice(count);
    return bytes;
  }
}

/** The number of four bytes at that place. */
export function numberAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

const MARK = Uint8Array.of(1, 9, 8, 4, 2, 0, 0, 1);
