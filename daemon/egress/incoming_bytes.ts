/**
 * Lines and bytes off a connection, through one small buffer.
 *
 * @module
 */

/** What is read from; null at the end. */
export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

const BUFFER_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** Reads a connection from its beginning; every read past its end is a `TypeError`. */
export class IncomingBytes {
  readonly #source: ByteSource;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #lineBytesLeft: number;

  /** `maxLineBytes`: of all lines together. */
  constructor(source: ByteSource, maxLineBytes: number) {
    this.#source = source;
    this.#lineBytesLeft = maxLineBytes;
  }

  /** From here on, lines may have so many bytes together. */
  allowLines(maxLineBytes: number): void {
    this.#lineBytesLeft = maxLineBytes;
  }

  /**
   * One line, as Latin-1 (what a header is made of), without its CRLF.
   *
   * @throws {TypeError} when it ends otherwise, or is too long.
   */
  async readLine(): Promise<string> {
    let line = "";
    for (;;) {
      if (this.#start === this.#end && !await this.#fill()) throw endedEarly();
      const available = this.#buffer.subarray(this.#start, this.#end);
      const end = available.indexOf(LINE_FEED);
      const count = end < 0 ? available.length : end + 1;
      this.#lineBytesLeft -= count;
      if (this.#lineBytesLeft < 0) throw new TypeError("lines without an end");
      this.#start += count;
      // TextDecoder's "latin1" is Windows-1252.
      line += String.fromCharCode.apply(null, available.subarray(0, count) as unknown as number[]);
      if (end < 0) continue;
      // RFC 9112 section 2.2: a bare LF is read as an end by some and not by others.
      if (line.charCodeAt(line.length - 2) !== RETURN) throw new TypeError("a line without CR");
      return line.slice(0, -2);
    }
  }

  /**
   * Exactly so many bytes.
   *
   * @throws {TypeError} when the connection ends before them.
   */
  async readBytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      if (this.#start === this.#end && !await this.#fill()) throw endedEarly();
      const piece = this.#buffer.subarray(
        this.#start,
        Math.min(this.#end, this.#start + count - at),
      );
      bytes.set(piece, at);
      at += piece.length;
      this.#start += piece.length;
    }
    return bytes;
  }

  /** What comes next; null at the end. */
  async readSome(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#start === this.#end && !await this.#fill()) return null;
    const piece = this.#buffer.slice(this.#start, this.#end);
    this.#start = this.#end;
    return piece;
  }

  /** Fills the empty buffer; false at the end. */
  async #fill(): Promise<boolean> {
    this.#start = this.#end = 0;
    const count = await this.#source.read(this.#buffer);
    this.#end = count ?? 0;
    return count !== null;
  }
}

function endedEarly(): TypeError {
  return new TypeError("the connection ended inside an answer");
}
