/**
 * Copies one message body from a reader to a connection, byte for byte and no further than its end,
 * in flat memory. Of a request the next piece is read when the last one was written; of an answer
 * while it is written, up to 64 KiB, and what has come by then goes on in one write.
 *
 * @module
 */
import { type Duplex, writeAll } from "../duplex.ts";
import { type ByteReader, EndOfStream } from "./byte_reader.ts";
import { ChunkScanner, type WatchBody } from "./chunk_scanner.ts";
import type { Framing } from "./framing.ts";
import { freshBytes } from "./fresh_bytes.ts";
import { latin1Bytes, writeLatin1 } from "./latin1.ts";

/** Bodies up to this size are sent in one write with their head. */
const JOIN_BYTES = 16 * 1024;

/** What to copy besides the body itself. */
export interface CopyOptions {
  /** Whose body it is; decides what broken chunking is answered with. */
  readonly side: "request" | "response";
  /**
   * The message head, sent together with the first bytes of the body that are here already; null for
   * the one that was read last, as it came.
   */
  readonly head: string | null;
  /** Is given every piece of the body before it is sent. */
  readonly onPiece?: (piece: Uint8Array) => void;
  /** Is given the payload, extensions and trailers before they are sent; what it throws ends the copying. */
  readonly watch?: WatchBody | undefined;
}

/**
 * Sends `head` and then the body. Most bodies are here whole together with their head: that is one
 * write, and no async function.
 *
 * @throws {EndOfStream} when the sender ends before the body does.
 * @throws {Refusal} for broken chunking, also before it returns.
 */
export function copyBody(
  from: ByteReader,
  to: Duplex,
  framing: Framing,
  { side, head, onPiece, watch }: CopyOptions,
): Promise<void> {
  const measure = bodyMeasure(framing, side, watch);
  const { buffer, headStart, start } = from;
  const end = from.start = measure.endIn(from);
  if (end > start) onPiece?.(buffer.subarray(start, end));
  // A head that stays as it is lies in front of its body: nothing is copied.
  const sent = head === null
    ? writeAll(to, buffer.subarray(headStart, end))
    : writeJoined(to, head, buffer.subarray(start, end));
  if (measure.isDone) return sent;
  return side === "response"
    ? copyReadingOn(sent, from, to, measure)
    : copyRest(sent, from, to, measure, onPiece);
}

async function copyReadingOn(
  sent: Promise<void>,
  from: ByteReader,
  to: Duplex,
  measure: BodyMeasure,
): Promise<void> {
  let isWritten = false;
  const onWritten = () => {
    isWritten = true;
    from.letGo();
  };
  from.hold();
  let writing = sent.then(onWritten);
  while (!measure.isDone) {
    while (!isWritten || from.buffered === 0) {
      if (from.buffered === 0) from.expectBody();
      if (isWritten) {
        if (await isOver(from, measure)) return;
      } else if (from.isDead || !from.hasRoom || !measure.wantsMore(from)) await writing;
      // Whichever comes first: bytes that are here never wait for a read.
      else await Promise.race([writing, from.readAhead()]);
    }
    const { buffer, start } = from;
    const piece = buffer.subarray(start, from.start = measure.endIn(from));
    isWritten = false;
    from.hold();
    writing = writeAll(to, piece).then(onWritten);
  }
  await writing;
}

/** Waits for bytes; whether the body's end came instead. */
async function isOver(from: ByteReader, measure: BodyMeasure): Promise<boolean> {
  try {
    await from.fill();
    return false;
  } catch (error) {
    if (error instanceof EndOfStream && measure.mayEnd) return true;
    throw error;
  }
}

async function copyRest(
  sent: Promise<void>,
  from: ByteReader,
  to: Duplex,
  measure: BodyMeasure,
  onPiece: CopyOptions["onPiece"],
): Promise<void> {
  await sent;
  while (!measure.isDone) {
    if (from.buffered === 0) {
      from.expectBody();
      if (await isOver(from, measure)) return;
    }
    const { buffer, start } = from;
    const piece = buffer.subarray(start, from.start = measure.endIn(from));
    if (piece.length === 0) continue;
    onPiece?.(piece);
    await writeAll(to, piece);
  }
}

/** Says piece by piece what of a reader's bytes belongs to the body. */
interface BodyMeasure {
  /** All of the body was there. */
  readonly isDone: boolean;
  /** The end of the connection is the body's end. */
  readonly mayEnd: boolean;
  /** Whether more must be read than is here; true also where nobody knows. */
  wantsMore(from: ByteReader): boolean;
  /** One past the last byte that belongs to the body; the next call goes on from there. */
  endIn(from: ByteReader): number;
}

function bodyMeasure(
  framing: Framing,
  side: "request" | "response",
  watch: CopyOptions["watch"],
): BodyMeasure {
  switch (framing.kind) {
    case "chunked":
      return new Chunks(new ChunkScanner(side, watch));
    case "length":
      return new Length(framing.length, watch);
    case "none":
      return new Length(0, watch);
    case "until_close":
      return new Length(Number.POSITIVE_INFINITY, watch);
  }
}

class Chunks implements BodyMeasure {
  readonly mayEnd = false;
  readonly #scanner: ChunkScanner;

  constructor(scanner: ChunkScanner) {
    this.#scanner = scanner;
  }

  get isDone(): boolean {
    return this.#scanner.isDone;
  }

  wantsMore(): boolean {
    return true;
  }

  endIn({ buffer, start, end }: ByteReader): number {
    return this.#scanner.scan(buffer, start, end);
  }
}

class Length implements BodyMeasure {
  #left: number;
  readonly #watch: CopyOptions["watch"];

  constructor(length: number, watch: CopyOptions["watch"]) {
    this.#left = length;
    this.#watch = watch;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  get mayEnd(): boolean {
    return this.#left === Number.POSITIVE_INFINITY;
  }

  wantsMore({ buffered }: ByteReader): boolean {
    return buffered < this.#left;
  }

  endIn({ buffer, start, end }: ByteReader): number {
    const count = Math.min(end - start, this.#left);
    this.#left -= count;
    if (count > 0) this.#watch?.(buffer.subarray(start, start + count));
    return start + count;
  }
}

function writeJoined(to: Duplex, head: string, piece: Uint8Array): Promise<void> {
  if (piece.length === 0) return writeAll(to, latin1Bytes(head));
  if (piece.length > JOIN_BYTES) {
    return writeAll(to, latin1Bytes(head)).then(() => writeAll(to, piece));
  }
  const joined = freshBytes(head.length + piece.length);
  writeLatin1(head, joined.subarray(0, head.length));
  joined.set(piece, head.length);
  return writeAll(to, joined);
}
