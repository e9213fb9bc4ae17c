/**
 * Reads the two things that header blocks are made of: integers and strings (RFC 7541 section 5).
 *
 * @module
 */
import { CompressionError } from "./compression_error.ts";
import { decodeHuffman } from "./huffman_decoder.ts";
import { latin1String } from "./latin1_string.ts";

const MAX_INTEGER = 2 ** 31 - 1;
/** What the last byte that an integer may have counts for: six bytes in all. */
const LAST_SCALE = 2 ** 28;
const NO_BYTES = new Uint8Array(0);
/** Long enough for nearly every string. */
const scratch = new Uint8Array(4096);

/** A place in a header block. */
export class BlockReader {
  readonly #block: Uint8Array;
  #at = 0;

  /** Stands at the beginning of `block`. */
  constructor(block: Uint8Array) {
    this.#block = block;
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#at === this.#block.length;
  }

  /**
   * The next byte, which stays unread.
   *
   * @throws {CompressionError} at the end
   */
  peek(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw new CompressionError("it ends too early");
    return byte;
  }

  /**
   * Reads an integer that begins in the lower `prefixBits` of the next byte.
   *
   * @throws {CompressionError} when it has more than six bytes, is 2^31 or more, or breaks off
   */
  readInteger(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.peek() & mask;
    this.#at++;
    if (value < mask) return value;
    for (let scale = 1; scale <= LAST_SCALE; scale *= 128) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) * scale;
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw new CompressionError("a number is too large");
  }

  /**
   * Reads a string; of one with more than `maxBytes` only the length, so that nothing that is not
   * wanted takes memory.
   *
   * @throws {CompressionError} when it goes past the end or its Huffman code is wrong
   */
  readString(maxBytes: number): string | number {
    const isCoded = this.peek() >= 0x80;
    const codedBytes = this.readInteger(7);
    const start = this.#at;
    const end = start + codedBytes;
    if (end > this.#block.length) throw new CompressionError("a string goes past its end");
    this.#at = end;
    if (isCoded) return readCoded(this.#block, start, end, maxBytes);
    return codedBytes > maxBytes ? codedBytes : latin1String(this.#block, start, end);
  }
}

function readCoded(
  block: Uint8Array,
  start: number,
  end: number,
  maxBytes: number,
): string | number {
  // No code has fewer than five bits.
  const room = Math.min(maxBytes, Math.floor((end - start) * 8 / 5));
  const into = room <= 0 ? NO_BYTES : room <= scratch.length ? scratch : new Uint8Array(room);
  const length = decodeHuffman(block, start, end, into);
  return length > maxBytes ? length : latin1String(into, 0, length);
}
