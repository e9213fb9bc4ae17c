/**
 * A buffered reader over a connection, with one outstanding read at most. That read may be started
 * early: while a request is under way it notices that the client has left, and in the pool it
 * notices that the server has closed an idle connection.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { malformed, Refusal } from "../fail_closed.ts";
import { latin1Text } from "./latin1.ts";

/** Longest message head in bytes; servers take 8 to 64 KiB, so nothing real is refused. */
export const MAX_HEAD_BYTES = 256 * 1024;

const SMALL = 8 * 1024;
const LARGE = 64 * 1024;
const CR = 13;
const LF = 10;

/** The peer ended where more bytes were needed. */
export class EndOfStream extends Error {
  /** See the class. */
  constructor() {
    super("the connection ended");
    this.name = "EndOfStream";
  }
}

/** One for all: every connection ends so, and looking where costs more than the rest of its end. */
const END_OF_STREAM = new EndOfStream();

/** Bytes of a connection, buffered. Unread bytes are `buffer[start..end)`. */
export class ByteReader {
  /** The buffer; replaced when it grows or shrinks. */
  buffer: Uint8Array;
  /** First unread byte. */
  start = 0;
  /** One past the last unread byte. */
  end: number;
  /** Where the head that was read last begins in the buffer; true until more is read. */
  headStart = 0;
  /** Number of bytes that ever came. */
  totalBytes: number;
  /** Called whenever an early read comes back: data, the end, or an error. */
  onActivity: (() => void) | null = null;
  readonly #connection: Duplex;
  #pending: Promise<void> | null = null;
  /** Unread bytes in which no head ends. */
  #scanned = 0;
  #ended = false;
  #error: unknown = undefined;
  /** The buffer out of which bytes are being written: nothing there is moved or overwritten. */
  #held: Uint8Array | null = null;
  /** A large buffer that was held, for the next one that is needed. */
  #spare: Uint8Array | null = null;

  /** A reader of `connection`; `first` are bytes of it that were read before. */
  constructor(connection: Duplex, first?: Uint8Array) {
    this.#connection = connection;
    this.buffer = first === undefined || first.length === 0 ? new Uint8Array(SMALL) : first.slice();
    this.end = this.totalBytes = first?.length ?? 0;
  }

  /** Number of unread bytes. */
  get buffered(): number {
    return this.end - this.start;
  }

  /** Whether the peer has ended or the connection broke. */
  get isDead(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /** Whether the connection broke, which is more than that the peer has ended its half. */
  get isBroken(): boolean {
    return this.#error !== undefined;
  }

  /** Whether a read is outstanding, which comes back when the peer ends. */
  get isReading(): boolean {
    return this.#pending !== null;
  }

  /** Makes every later read fail with `error`. */
  poison(error: unknown): void {
    this.#error ??= error;
  }

  /** Starts a read unless one is outstanding. Never rejects: the outcome is in {@linkcode isDead}. */
  readAhead(): Promise<void> {
    if (this.#pending !== null) return this.#pending;
    this.#makeRoom();
    const room = this.end === 0 ? this.buffer : this.buffer.subarray(this.end);
    return this.#pending = this.#connection.read(room)
      .then(this.#onRead, this.#onFailed);
  }

  // Once for all reads.
  readonly #onRead = (count: number | null): void => {
    if (count === null) this.#ended = true;
    else {
      this.end += count;
      this.totalBytes += count;
    }
    this.#settle();
  };

  readonly #onFailed = (error: unknown): void => {
    this.poison(error);
    this.#settle();
  };

  #settle(): void {
    this.#pending = null;
    this.onActivity?.();
  }

  /**
   * Waits for at least one more byte.
   *
   * @throws {EndOfStream} when the peer has ended; otherwise what the connection threw.
   */
  async fill(): Promise<void> {
    const before = this.buffered;
    if (!this.isDead) await this.readAhead();
    this.#mustHold(before + 1);
  }

  #mustHold(count: number): void {
    if (this.buffered >= count) return;
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw END_OF_STREAM;
  }

  /**
   * Keeps what was taken out of the buffer as it is until {@linkcode letGo}: it is being written
   * meanwhile. What is read lands behind it or in another buffer.
   */
  hold(): void {
    this.#held = this.buffer;
  }

  /** The writing is over. */
  letGo(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== this.buffer && held !== null && held.length >= LARGE) this.#spare = held;
  }

  /** Whether a read finds room without the buffer having to grow: two buffers are enough for a body. */
  get hasRoom(): boolean {
    return this.end < this.buffer.length || this.#held === this.buffer;
  }

  /** A large buffer for a body; only while nothing is buffered. */
  expectBody(): void {
    this.#resize(LARGE, this.buffer.length < LARGE);
  }

  /** A small buffer again, so that a thousand idle connections stay cheap. */
  expectHead(): void {
    this.#resize(SMALL, this.buffer.length > SMALL);
    this.#spare = null;
  }

  #resize(size: number, wanted: boolean): void {
    if (!wanted || this.buffered > 0 || this.#pending !== null) return;
    this.buffer = new Uint8Array(size);
    this.start = this.end = 0;
  }

  #makeRoom(): void {
    if (this.#held === this.buffer) return this.#makeRoomElsewhere();
    if (this.buffered === 0) this.start = this.end = 0;
    if (this.end < this.buffer.length) return;
    if (this.start > 0) {
      this.buffer.copyWithin(0, this.start, this.end);
    } else {
      const larger = new Uint8Array(Math.max(SMALL, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.end));
      this.buffer = larger;
    }
    this.end -= this.start;
    this.start = 0;
  }

  #makeRoomElsewhere(): void {
    if (this.end < this.buffer.length) return;
    const size = Math.max(LARGE, this.buffer.length);
    const other = this.#spare?.length === size ? this.#spare : new Uint8Array(size);
    this.#spare = null;
    other.set(this.buffer.subarray(this.start, this.end));
    this.buffer = other;
    this.end -= this.start;
    this.start = 0;
  }

  /**
   * Reads a message head without its final empty line, one character for each byte; `null` when the
   * peer ended before the first byte.
   *
   * @throws {Refusal} for a head beyond {@linkcode MAX_HEAD_BYTES}, and for a line feed without its
   * carriage return: servers differ on whether that ends a line (RFC 9112 section 2.2).
   */
  async readHead(side: "request" | "response"): Promise<string | null> {
    let head = this.takeHead(side);
    while (head === undefined) {
      await this.readAhead();
      head = this.takeHead(side);
    }
    return head;
  }

  /**
   * The same without waiting: `undefined` when more must be read first ({@linkcode readAhead}). For the
   * two heads of every exchange, which would otherwise cost an async function each.
   *
   * @throws {Refusal} as {@linkcode readHead} does.
   * @throws {EndOfStream} when the peer has ended in the middle; otherwise what the connection threw.
   */
  takeHead(side: "request" | "response"): string | null | undefined {
    const { buffer, end } = this;
    let { start } = this;
    for (let at = start + this.#scanned; at < end; at++) {
      if (buffer[at] !== LF) continue;
      if (at === start || buffer[at - 1] !== CR) {
        throw malformed(side, "its head holds a bare line feed", "BadHeaderError");
      }
      if (at === start + 1) {
        // RFC 9112 section 2.2: an empty line before the start line is skipped.
        start = this.start = at + 1;
        continue;
      }
      if (at - start >= 3 && buffer[at - 2] === LF) {
        this.#scanned = 0;
        return this.#takeHead(at + 1, side);
      }
    }
    if (this.buffered > MAX_HEAD_BYTES) throw headTooLarge(side);
    this.#scanned = this.buffered;
    if (this.buffered === 0 && this.#ended && !this.isBroken) return null;
    if (this.isDead) this.#mustHold(this.buffered + 1);
    return undefined;
  }

  #takeHead(end: number, side: "request" | "response"): string {
    if (end - this.start > MAX_HEAD_BYTES) throw headTooLarge(side);
    const head = latin1Text(this.buffer.subarray(this.start, end - 4));
    this.headStart = this.start;
    this.start = end;
    return head;
  }
}

function headTooLarge(side: "request" | "response"): Refusal {
  if (side === "response") return malformed(side, `its head has more than ${MAX_HEAD_BYTES} bytes`);
  return new Refusal(
    431,
    "HeadTooLargeError",
    `Cannot read the request: its head has more than ${MAX_HEAD_BYTES} bytes`,
  );
}
