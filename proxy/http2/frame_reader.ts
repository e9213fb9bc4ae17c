/**
 * Reads frames from a connection.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { ConnectionFailure } from "./failures.ts";
import { ErrorCode, type Frame, HEADER_BYTES, MAX_PAYLOAD_BYTES, PREFACE } from "./frame.ts";

const BUFFER_BYTES = 64 * 1024;

/** One connection's frames, in order. */
export class FrameReader {
  readonly #connection: Duplex;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  /** Reads nothing yet. */
  constructor(connection: Duplex) {
    this.#connection = connection;
  }

  /**
   * Reads what a client says first.
   *
   * @throws {ConnectionFailure} when it is something else.
   */
  async readPreface(): Promise<void> {
    while (this.#end - this.#start < PREFACE.length) {
      if (!await this.fill()) break;
    }
    const isPreface = PREFACE.every((byte, index) => this.#buffer[this.#start + index] === byte);
    if (!isPreface || this.#end - this.#start < PREFACE.length) {
      throw new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, "there is no connection preface");
    }
    this.#start += PREFACE.length;
  }

  /**
   * The next frame if all of it is here, or null.
   *
   * @throws {ConnectionFailure} for a frame that is longer than we allow.
   */
  take(): Frame | null {
    const buffer = this.#buffer;
    const start = this.#start;
    const available = this.#end - start;
    if (available < HEADER_BYTES) return null;
    const length = buffer[start]! << 16 | buffer[start + 1]! << 8 | buffer[start + 2]!;
    if (length > MAX_PAYLOAD_BYTES) {
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "a frame is too long");
    }
    if (available < HEADER_BYTES + length) return null;
    this.#start = start + HEADER_BYTES + length;
    return {
      type: buffer[start + 3]!,
      flags: buffer[start + 4]!,
      // The first bit is reserved (RFC 9113 section 4.1).
      streamId: (buffer[start + 5]! & 0x7f) << 24 | buffer[start + 6]! << 16 |
        buffer[start + 7]! << 8 | buffer[start + 8]!,
      payload: buffer.subarray(start + HEADER_BYTES, this.#start),
    };
  }

  /** Reads more; false when the peer has ended. */
  async fill(): Promise<boolean> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const count = await this.#connection.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }
}
