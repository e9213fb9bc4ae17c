/**
 * Reading a bounded HTTP/1.1 head off a connection: the request of the daemon, or the answer of a
 * proxy further out. What follows the head is kept for whoever reads on.
 *
 * Not a general parser: no continuation lines, no bodies. Whatever is not plain is refused.
 *
 * @module
 */

/** A head, and the bytes that came along behind it. */
export interface Head {
  /** Request line or status line. */
  readonly start: string;
  /** Header fields by lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Bytes after the blank line. */
  readonly rest: Uint8Array;
}

/** Largest head accepted, in bytes. */
export const MAX_HEAD_BYTES = 8192;

/**
 * Reads up to the blank line; null when the connection ends first or the head is too long or not
 * HTTP/1.1. The caller bounds the time by closing the connection.
 */
export async function readHead(conn: { read(p: Uint8Array): Promise<number | null> }): Promise<
  Head | null
> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  let length = 0;
  while (length < buffer.length) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) return null;
    const from = Math.max(0, length - 3);
    length += count;
    const end = findBlankLine(buffer, from, length);
    if (end >= 0) return parseHead(buffer.subarray(0, end), buffer.slice(end + 4, length));
  }
  return null;
}

function findBlankLine(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i + 3 < to; i++) {
    if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) {
      return i;
    }
  }
  return -1;
}

function parseHead(bytes: Uint8Array, rest: Uint8Array): Head | null {
  // Only printable ASCII: a NUL, a bare LF or a high byte means somebody reads this differently.
  if (!bytes.every((byte) => byte === 13 || byte === 10 || (byte >= 32 && byte < 127))) return null;
  const [start, ...lines] = new TextDecoder().decode(bytes).split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]*(.*?)[ ]*$/.exec(line);
    if (match === null || line.includes("\n") || line.includes("\r")) return null;
    const name = match[1]!.toLowerCase();
    if (fields.has(name)) return null;
    fields.set(name, match[2]!);
  }
  return /[\r\n]/.test(start!) ? null : { start: start!, fields, rest };
}
