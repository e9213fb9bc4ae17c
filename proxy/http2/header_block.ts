/**
 * Collects the field block of a message: HEADERS, and the CONTINUATION frames behind it (RFC 9113
 * section 4.3).
 *
 * @module
 */
import { joinBytes } from "../../core/join_bytes.ts";
import { ConnectionFailure } from "./failures.ts";
import { ErrorCode, Flag, type Frame, FrameType } from "./frame.ts";

/** A block that is whole. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  /** For HPACK. */
  readonly bytes: Uint8Array;
}

/** Empty ones cost nothing to send (CVE-2024-27316). */
const MAX_CONTINUATIONS = 64;

/** The block that is being read, if any. */
export class HeaderBlockReader {
  readonly #maxBytes: number;
  #first: Omit<HeaderBlock, "bytes"> | null = null;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** `maxBytes` of one block, as it comes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a frame; the block, once it is whole; "other" for a frame that is no part of one.
   *
   * @throws {ConnectionFailure} for frames that may not come now, and for a block that is too long.
   */
  take(frame: Frame): HeaderBlock | null | "other" {
    const { type, flags, streamId } = frame;
    const isFirst = type === FrameType.HEADERS;
    if (this.#first !== null) {
      // RFC 9113 section 6.10: nothing may come between.
      if (type !== FrameType.CONTINUATION || streamId !== this.#first.streamId) {
        throw new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, "a field block is interrupted");
      }
      this.#add(frame.payload);
    } else if (isFirst) {
      if (streamId === 0) throw new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, "HEADERS on 0");
      this.#first = { streamId, endStream: (flags & Flag.END_STREAM) !== 0 };
      this.#add(withoutPriority(flags, withoutPadding(frame)));
    } else if (type === FrameType.CONTINUATION) {
      throw new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS");
    } else return "other";
    return (flags & Flag.END_HEADERS) === 0 ? null : this.#finish();
  }

  #add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes || this.#pieces.length > MAX_CONTINUATIONS) {
      throw new ConnectionFailure(ErrorCode.ENHANCE_YOUR_CALM, "a field block is too long");
    }
    this.#pieces.push(piece.slice());
  }

  #finish(): HeaderBlock {
    const { streamId, endStream } = this.#first!;
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : joinBytes(this.#pieces);
    this.#first = null;
    this.#pieces = [];
    this.#bytes = 0;
    return { streamId, endStream, bytes };
  }
}

/**
 * The payload of HEADERS or DATA without its padding (RFC 9113 sections 6.1 and 6.2).
 *
 * @throws {ConnectionFailure} when there is more padding than frame.
 */
export function withoutPadding({ flags, payload }: Frame): Uint8Array {
  if ((flags & Flag.PADDED) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length) {
    throw new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, "there is more padding than frame");
  }
  return payload.subarray(1, payload.length - padding);
}

/** RFC 9113 section 5.3.2: priorities are deprecated, and not looked at. */
function withoutPriority(flags: number, payload: Uint8Array): Uint8Array {
  if ((flags & Flag.PRIORITY) === 0) return payload;
  if (payload.length < 5) {
    throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "HEADERS is too short");
  }
  return payload.subarray(5);
}
