/**
 * Copies one message body from a reader to a connection, byte for byte and no further than its end,
 * in flat memory: the next piece is read when the last one was written.
 *
 * @module
 */
import { type Duplex, writeAll } from "../duplex.ts";
import { type ByteReader, EndOfStream, latin1Bytes, writeLatin1 } from "./byte_reader.ts";
import { ChunkScanner, type WatchBody } from "./chunk_scanner.ts";
import type { Framing } from "./framing.ts";
import { freshBytes } from "./fresh_bytes.ts";

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
  /** Is given every piece of the body that was sent. */
  readonly onPiece?: (piece: Uint8Array) => void;
  /** Is given the payload, extensions and trailers before they are sent; what it throws ends the copying. */
  readonly watch?: WatchBody | undefined;
}

/**
 * Sends `head` and then the body.
 *
 * @throws {EndOfStream} when the sender ends before the body does.
 * @throws {Refusal} for broken chunking.
 */
export async function copyBody(
  from: ByteReader,
  to: Duplex,
  framing: Framing,
  { side, head, onPiece, watch }: CopyOptions,
): Promise<void> {
  const measure = bodyMeasure(framing, side, watch);
  for (let isFirst = true;; isFirst = false) {
    const piece = measure.take(from);
    if (isFirst) {
      // A head that stays as it is lies in front of its body: nothing is copied.
      if (head === null) await writeAll(to, from.buffer.subarray(from.headStart, from.start));
      else await writeJoined(to, head, piece);
    } else if (piece.length > 0) await writeAll(to, piece);
    if (piece.length > 0) onPiece?.(piece);
    if (measure.isDone) return;
    if (from.buffered > 0) continue;
    from.expectBody();
    try {
      await from.fill();
    } catch (error) {
      if (error instanceof EndOfStream && framing.kind === "until_close") return;
      throw error;
    }
  }
}

/** Takes from the reader what belongs to the body, piece by piece. */
interface BodyMeasure {
  readonly isDone: boolean;
  take(from: ByteReader): Uint8Array;
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
  readonly #scanner: ChunkScanner;

  constructor(scanner: ChunkScanner) {
    this.#scanner = scanner;
  }

  get isDone(): boolean {
    return this.#scanner.isDone;
  }

  take(from: ByteReader): Uint8Array {
    return advance(from, this.#scanner.scan(from.buffer, from.start, from.end));
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

  take(from: ByteReader): Uint8Array {
    const piece = advance(from, Math.min(from.end, from.start + this.#left));
    this.#left -= piece.length;
    if (piece.length > 0) this.#watch?.(piece);
    return piece;
  }
}

function advance(from: ByteReader, end: number): Uint8Array {
  const piece = from.buffer.subarray(from.start, end);
  from.start = end;
  return piece;
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
