/**
 * Finds the end of a chunked body (RFC 9112 section 7.1) while its bytes are forwarded unchanged,
 * chunk extensions and trailers included.
 *
 * Every line must end in CR LF and sizes must be plain hexadecimal: servers that also take a bare LF
 * after an extension, or `0x`, or a sign, are how a second request is hidden in a body.
 *
 * @module
 */
import { malformed } from "../fail_closed.ts";
import { FORBIDDEN_IN_TRAILERS } from "./forbidden_trailers.ts";

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const SEMICOLON = 59;
const COLON = 58;

const MAX_SIZE_DIGITS = 12;
const MAX_EXTENSION_BYTES = 4096;
const MAX_TRAILER_BYTES = 64 * 1024;
const TOKEN_LETTER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;

const enum State {
  Size,
  SizePadding,
  Extension,
  SizeLineFeed,
  Data,
  DataReturn,
  DataLineFeed,
  TrailerStart,
  TrailerName,
  TrailerValue,
  TrailerLineFeed,
  LastLineFeed,
}

/** Is given payload, and besides it what stands in chunk extensions and trailers. */
export type WatchBody = (bytes: Uint8Array, isBeside?: boolean) => void;

/** The state of one chunked body, fed piece by piece. */
export class ChunkScanner {
  /** Whether the last chunk and its trailers were seen. */
  isDone = false;
  readonly #side: "request" | "response";
  readonly #onData: WatchBody | undefined;
  #state: State = State.Size;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailerName = "";

  /** A scanner at the beginning of a body; `onData` is given what it holds. */
  constructor(side: "request" | "response", onData?: WatchBody) {
    this.#side = side;
    this.#onData = onData;
  }

  /**
   * Scans `bytes[from..to)`; the index behind the last byte that belongs to this body.
   *
   * @throws {Refusal} for broken chunking.
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && !this.isDone) {
      if (this.#state === State.Data) {
        const count = Math.min(this.#size, to - at);
        this.#onData?.(bytes.subarray(at, at + count));
        this.#size -= count;
        at += count;
        if (this.#size === 0) this.#state = State.DataReturn;
      } else at = this.#framing(bytes, at, to);
    }
    return at;
  }

  /** Up to the next payload. */
  #framing(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let isText = this.#isInText();
    while (at < to && !this.isDone && this.#state !== State.Data) {
      this.#step(bytes[at++]!);
      isText ||= this.#isInText();
    }
    if (isText) this.#onData?.(bytes.subarray(from, at), true);
    return at;
  }

  /** Where a client may write what it likes. */
  #isInText(): boolean {
    return this.#state === State.Extension ||
      (this.#state >= State.TrailerName && this.#state <= State.TrailerLineFeed);
  }

  #step(byte: number): void {
    switch (this.#state) {
      case State.Size:
        return this.#sizeDigit(byte);
      case State.SizePadding:
        if (byte === CR) this.#state = State.SizeLineFeed;
        else if (byte === SEMICOLON) this.#state = State.Extension;
        else if (byte !== SPACE && byte !== TAB) throw this.#broken("a chunk size");
        else if (++this.#extensionBytes > MAX_EXTENSION_BYTES) throw this.#broken("a chunk size");
        return;
      case State.Extension:
        if (byte === CR) this.#state = State.SizeLineFeed;
        else if (isControl(byte) || ++this.#extensionBytes > MAX_EXTENSION_BYTES) {
          throw this.#broken("a chunk extension");
        }
        return;
      case State.SizeLineFeed:
        this.#expect(byte, LF, "a chunk size");
        this.#state = this.#size === 0 ? State.TrailerStart : State.Data;
        return;
      case State.DataReturn:
        this.#expect(byte, CR, "the end of a chunk");
        this.#state = State.DataLineFeed;
        return;
      case State.DataLineFeed:
        this.#expect(byte, LF, "the end of a chunk");
        this.#digits = this.#extensionBytes = 0;
        this.#state = State.Size;
        return;
      default:
        return this.#trailer(byte);
    }
  }

  #sizeDigit(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw this.#broken("a chunk size");
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw this.#broken("a chunk size");
    if (byte === CR) this.#state = State.SizeLineFeed;
    else if (byte === SEMICOLON) this.#state = State.Extension;
    else if (byte === SPACE || byte === TAB) this.#state = State.SizePadding;
    else throw this.#broken("a chunk size");
  }

  #trailer(byte: number): void {
    if (++this.#trailerBytes > MAX_TRAILER_BYTES) throw this.#broken("the trailers");
    switch (this.#state) {
      case State.TrailerStart:
        this.#trailerName = "";
        if (byte === CR) this.#state = State.LastLineFeed;
        else this.#nameByte(byte);
        return;
      case State.TrailerName:
        this.#nameByte(byte);
        return;
      case State.TrailerValue:
        if (byte === CR) this.#state = State.TrailerLineFeed;
        else if (isControl(byte)) throw this.#broken("a trailer");
        return;
      case State.TrailerLineFeed:
        this.#expect(byte, LF, "a trailer");
        this.#state = State.TrailerStart;
        return;
      default:
        this.#expect(byte, LF, "the end of the body");
        this.isDone = true;
    }
  }

  /** A space in front of a name would be obsolete line folding; none of them is in a token. */
  #nameByte(byte: number): void {
    if (byte !== COLON) {
      const letter = String.fromCharCode(byte);
      if (!TOKEN_LETTER.test(letter)) throw this.#broken("a trailer");
      this.#trailerName += letter;
      this.#state = State.TrailerName;
      return;
    }
    const name = this.#trailerName.toLowerCase();
    if (name === "") throw this.#broken("a trailer");
    if (this.#side === "request" && FORBIDDEN_IN_TRAILERS.has(name)) {
      throw malformed("request", `its trailers hold ${name}`, "BadHeaderError");
    }
    this.#state = State.TrailerValue;
  }

  #expect(byte: number, wanted: number, where: string): void {
    if (byte !== wanted) throw this.#broken(where);
  }

  #broken(where: string): Error {
    return malformed(this.#side, `the chunked body is broken at ${where}`, "BadChunkError");
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Control bytes except the tab. */
function isControl(byte: number): boolean {
  return (byte < 32 && byte !== TAB) || byte === 127;
}
