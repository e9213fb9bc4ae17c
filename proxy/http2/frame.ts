/**
 * Frames of HTTP/2 (RFC 9113 section 4.1 and section 6): their numbers, and how they are written.
 *
 * @module
 */

/** RFC 9113 section 6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** What the bits mean depends on the frame: END_STREAM and ACK are the same one. */
export const Flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

/** RFC 9113 section 7. */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** RFC 9113 section 6.5.2. */
export const SettingId = {
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  /** RFC 8441 section 3. */
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

/** The smallest that every peer takes, and the largest that we do (RFC 9113 section 4.2). */
export const MAX_PAYLOAD_BYTES = 16_384;
/** Length (3), type, flags, stream (4). */
export const HEADER_BYTES = 9;
/** What a client says first (RFC 9113 section 3.4). */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Of a flow-control window (RFC 9113 section 6.9.1). */
export const MAX_WINDOW_BYTES = 0x7fffffff;

/** A frame as it was read. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Only good until more is read. */
  readonly payload: Uint8Array;
}

/** One frame. */
export function writeFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = NOTHING,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  putHeader(bytes, 0, { length: payload.length, type, flags, streamId });
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** A frame whose payload is numbers of four bytes. */
export function writeNumbers(
  type: number,
  streamId: number,
  ...numbers: readonly number[]
): Uint8Array {
  const payload = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((number, index) => payload.setUint32(index * 4, number));
  return writeFrame(type, 0, streamId, new Uint8Array(payload.buffer));
}

/** SETTINGS with these. */
export function writeSettings(settings: ReadonlyMap<number, number>): Uint8Array {
  const payload = new DataView(new ArrayBuffer(settings.size * 6));
  let at = 0;
  for (const [id, value] of settings) {
    payload.setUint16(at, id);
    payload.setUint32(at + 2, value);
    at += 6;
  }
  return writeFrame(FrameType.SETTINGS, 0, 0, new Uint8Array(payload.buffer));
}

/** HEADERS, and CONTINUATION as far as the block is longer than one frame. */
export function writeHeaders(streamId: number, block: Uint8Array, endStream: boolean): Uint8Array {
  const first = endStream ? Flag.END_STREAM : 0;
  return writePieces(block, (isFirst, isLast) => ({
    type: isFirst ? FrameType.HEADERS : FrameType.CONTINUATION,
    flags: (isFirst ? first : 0) | (isLast ? Flag.END_HEADERS : 0),
    streamId,
  }));
}

/** As many DATA frames as it takes. */
export function writeData(streamId: number, payload: Uint8Array, endStream: boolean): Uint8Array {
  return writePieces(payload, (_isFirst, isLast) => ({
    type: FrameType.DATA,
    flags: isLast && endStream ? Flag.END_STREAM : 0,
    streamId,
  }));
}

type Describe = (isFirst: boolean, isLast: boolean) => Omit<Frame, "payload">;

function writePieces(payload: Uint8Array, describe: Describe): Uint8Array {
  const count = Math.max(1, Math.ceil(payload.length / MAX_PAYLOAD_BYTES));
  const bytes = new Uint8Array(payload.length + count * HEADER_BYTES);
  for (let index = 0, at = 0; index < count; index++) {
    const start = index * MAX_PAYLOAD_BYTES;
    const piece = payload.subarray(start, start + MAX_PAYLOAD_BYTES);
    putHeader(bytes, at, { length: piece.length, ...describe(index === 0, index === count - 1) });
    bytes.set(piece, at + HEADER_BYTES);
    at += HEADER_BYTES + piece.length;
  }
  return bytes;
}

function putHeader(
  bytes: Uint8Array,
  at: number,
  { length, type, flags, streamId }: Omit<Frame, "payload"> & { readonly length: number },
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = streamId >>> 24;
  bytes[at + 6] = streamId >>> 16;
  bytes[at + 7] = streamId >>> 8;
  bytes[at + 8] = streamId;
}

const NOTHING = new Uint8Array();
