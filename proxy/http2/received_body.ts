/**
 * The body of a message on its way from the connection to whoever reads it. The peer may send as much
 * as fits the window; what is read makes room for more (RFC 9113 section 5.2).
 *
 * @module
 */
import { joinBytes } from "../../core/join_bytes.ts";
import type { FieldLine } from "./hpack/field_line.ts";

/** Pieces are read together up to this size. */
const MAX_PIECE_BYTES = 64 * 1024;
/** Smaller ones are put together as they come: an array of one byte takes the memory of two hundred. */
const SMALL_BYTES = 1024;

/** One body, and the trailers behind it. */
export class ReceivedBody {
  readonly #windowBytes: number;
  readonly #onRoom: (bytes: number) => void;
  #pieces: Uint8Array[] = [];
  /** Bytes that the peer may send before it is told of more. */
  #roomBytes: number;
  /** Bytes that were read since the peer was told. */
  #readBytes = 0;
  #trailers: readonly FieldLine[] | null = null;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  /** `onRoom` tells the peer that so many bytes more may come. */
  constructor(windowBytes: number, onRoom: (bytes: number) => void) {
    this.#windowBytes = this.#roomBytes = windowBytes;
    this.#onRoom = onRoom;
  }

  /** Behind the body; empty until it was read. */
  get trailers(): readonly FieldLine[] {
    return this.#trailers ?? [];
  }

  /** Nothing is left to read, and no trailers either. */
  get isAtEnd(): boolean {
    return this.#pieces.length === 0 && this.#trailers?.length === 0;
  }

  /** What comes next, for the reader to keep; null at the end of a body that is whole. */
  async read(): Promise<Uint8Array | null> {
    while (this.#pieces.length === 0) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#trailers !== null) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const piece = this.#next();
    this.#makeRoom(piece.length);
    return piece;
  }

  /** For the connection: bytes came, which are copied; false: more than there was room for. */
  receive(bytes: Uint8Array): boolean {
    this.#roomBytes -= bytes.length;
    if (this.#roomBytes < 0) return false;
    if (bytes.length > 0) this.#keep(bytes);
    this.#tell();
    return true;
  }

  /** For the connection: padding came, which nobody reads. */
  skip(bytes: number): boolean {
    this.#roomBytes -= bytes;
    if (this.#roomBytes < 0) return false;
    this.#makeRoom(bytes);
    return true;
  }

  /** For the connection: it is whole. */
  end(trailers: readonly FieldLine[]): void {
    this.#trailers ??= trailers;
    this.#tell();
  }

  /** For the connection: it broke off; told behind what came before. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#tell();
  }

  #keep(bytes: Uint8Array): void {
    const at = this.#pieces.length - 1;
    const last = this.#pieces[at];
    const length = (last?.length ?? 0) + bytes.length;
    if (last === undefined || bytes.length >= SMALL_BYTES || length > MAX_PIECE_BYTES) {
      this.#pieces.push(bytes.slice());
      return;
    }
    const hasRoom = length <= last.buffer.byteLength;
    // Doubled, so that a byte is not moved again and again.
    const joined = new Uint8Array(hasRoom ? last.buffer : new ArrayBuffer(2 * length), 0, length);
    if (!hasRoom) joined.set(last);
    joined.set(bytes, last.length);
    this.#pieces[at] = joined;
  }

  #next(): Uint8Array {
    let bytes = this.#pieces[0]!.length;
    let count = 1;
    while (count < this.#pieces.length) {
      const more = bytes + this.#pieces[count]!.length;
      if (more > MAX_PIECE_BYTES) break;
      bytes = more;
      count++;
    }
    return count === 1 ? this.#pieces.shift()! : joinBytes(this.#pieces.splice(0, count));
  }

  #makeRoom(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#trailers !== null || this.#readBytes < this.#windowBytes / 2) return;
    this.#roomBytes += this.#readBytes;
    this.#onRoom(this.#readBytes);
    this.#readBytes = 0;
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
