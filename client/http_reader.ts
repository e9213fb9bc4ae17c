/**
 * Reading HTTP/1.1 answers (RFC 9112) from a connection to our own daemon. Not implemented: obsolete
 * line folding, which it never sends.
 *
 * @module
 */

/** What is read from; null at the end. */
export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Status line and fields. */
export interface AnswerHead {
  readonly status: number;
  /** By name in lower case; of a name that comes twice, the last. */
  readonly headers: ReadonlyMap<string, string>;
}

const MAX_HEAD_BYTES = 64 * 1024;
const BUFFER_BYTES = 16 * 1024;
/** For bodies that fill the small one: each read is a turn of the event loop. */
const LARGE_BUFFER_BYTES = 256 * 1024;
const END_OF_LINE = 0x0a;
const RETURN = 0x0d;
const decoder = new TextDecoder();

/** Reads one answer after the other. */
export class HttpReader {
  readonly #source: ByteSource;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  /** A reader at the beginning of an answer. */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The head of the next answer; interim ones (1xx) are skipped. Null when the connection ended before
   * its first byte.
   *
   * @throws {TypeError} for anything that is no HTTP/1.1 answer.
   */
  async readHead(): Promise<AnswerHead | null> {
    if (this.#start === this.#end && !await this.#fill()) return null;
    for (;;) {
      const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(await this.#readLine())?.[1];
      if (status === undefined) throw new TypeError("not an HTTP/1.1 answer");
      const headers = new Map<string, string>();
      for (const line of await this.#readFields()) {
        const colon = line.indexOf(":");
        if (colon < 1) throw new TypeError("not an HTTP field");
        headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
      if (!status.startsWith("1")) return { status: Number(status), headers };
    }
  }

  /** The whole body as text; a short one at once, without a step for each piece of it. */
  async readText(head: AnswerHead): Promise<string> {
    const { headers } = head;
    const digits = /^\d{1,15}$/.exec(headers.get("content-length") ?? "")?.[0];
    const length = digits === undefined ? Infinity : Number(digits);
    if (length > BUFFER_BYTES || headers.has("transfer-encoding")) {
      const pieces = new TextDecoder();
      let text = "";
      for await (const piece of this.readBody(head)) text += pieces.decode(piece, { stream: true });
      return text + pieces.decode();
    }
    while (this.#end - this.#start < length) {
      if (!await this.#fill()) throw new TypeError("the connection ended inside an answer");
    }
    return this.#take(length);
  }

  /** The body's bytes as they come, framed as the head says (RFC 9112 section 6.3). */
  async *readBody({ status, headers }: AnswerHead): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    if (status === 204 || status === 304) return;
    if (/\bchunked$/i.test(headers.get("transfer-encoding") ?? "")) yield* this.#readChunks();
    else {
      const length = headers.get("content-length");
      if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new TypeError("not a length");
      yield* this.#readBytes(length === undefined ? Infinity : Number(length));
    }
  }

  /** RFC 9112 section 7.1. */
  async *#readChunks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const size = /^([0-9a-f]{1,8})(?:[ \t]*;.*)?$/i.exec(await this.#readLine())?.[1];
      if (size === undefined) throw new TypeError("not a chunk");
      const length = parseInt(size, 16);
      if (length === 0) break;
      yield* this.#readBytes(length);
      if (await this.#readLine() !== "") throw new TypeError("a chunk does not end where it says");
    }
    while (await this.#readLine() !== "");
  }

  /** Infinity: until the connection ends. */
  async *#readBytes(length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let left = length; left > 0;) {
      if (this.#start === this.#end) {
        if (left > this.#buffer.length && left !== Infinity) this.#enlarge();
        if (!await this.#fill()) {
          if (length === Infinity) return;
          throw new TypeError("the connection ended inside an answer");
        }
      }
      const count = Math.min(left, this.#end - this.#start);
      yield this.#buffer.slice(this.#start, this.#start + count);
      this.#start += count;
      left -= count;
    }
  }

  /** The lines in front of an empty one, decoded together: one by one they take much longer. */
  async #readFields(): Promise<string[]> {
    let size = 0;
    for (let length = -1; length !== 0;) {
      const end = this.#findLineEnd(size) ?? await this.#awaitLineEnd(size);
      length = end - size;
      if (length === 1 && this.#buffer[this.#start + size] === RETURN) length = 0;
      size = end + 1;
      if (size > MAX_HEAD_BYTES) throw new TypeError("a head without an end");
    }
    const lines = this.#take(size).split(/\r?\n/);
    return lines.slice(0, -2); // behind the last field: the empty line, and nothing
  }

  async #readLine(): Promise<string> {
    const end = this.#findLineEnd(0) ?? await this.#awaitLineEnd(0);
    return this.#take(end + 1).replace(/\r?\n$/, "");
  }

  #take(size: number): string {
    const text = decoder.decode(this.#buffer.subarray(this.#start, this.#start + size));
    this.#start += size;
    return text;
  }

  /** Distance of the next line's end, `from` bytes on or more; null where it has not come yet. */
  #findLineEnd(from: number): number | null {
    const at = this.#buffer.indexOf(END_OF_LINE, this.#start + from);
    return at < 0 || at >= this.#end ? null : at - this.#start;
  }

  async #awaitLineEnd(from: number): Promise<number> {
    for (;;) {
      const length = this.#end - this.#start;
      if (length - from > MAX_HEAD_BYTES) throw new TypeError("a line without an end");
      if (!await this.#fill()) throw new TypeError("the connection ended inside an answer");
      const end = this.#findLineEnd(length);
      if (end !== null) return end;
    }
  }

  /** Only while nothing is in the buffer. */
  #enlarge(): void {
    if (this.#buffer.length < LARGE_BUFFER_BYTES) {
      this.#buffer = new Uint8Array(LARGE_BUFFER_BYTES);
    }
  }

  /** Reads more; false at the end of the connection. */
  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#end === this.#buffer.length) {
      const larger = this.#start > 0 ? this.#buffer : new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#end -= this.#start;
      this.#start = 0;
      this.#buffer = larger;
    }
    const count = await this.#source.read(this.#buffer.subarray(this.#end));
    this.#end += count ?? 0;
    return count !== null;
  }
}
