/**
 * Writes header blocks of HTTP/2 (HPACK, RFC 7541) without remembering anything.
 *
 * Any field may carry a credential, so each one that is not in the static table is marked as never
 * to be indexed (section 6.2.3): no later hop may put it into a table, where what others send tells
 * how long a secret is and, guess by guess, what it is (section 7.1). Strings are not Huffman coded,
 * which would make a value's length tell of its letters. A block never depends on an earlier one.
 *
 * @module
 */
import type { FieldLine } from "./field_line.ts";
import { STATIC_TABLE } from "./static_table.ts";

/**
 * Goes in front of the first block of a connection: "my table has room for nothing".
 *
 * A peer that lowers SETTINGS_HEADER_TABLE_SIZE must be told that the table has shrunk (section 4.2).
 * One that has no room from the beginning never has to shrink.
 */
export const NO_TABLE: Uint8Array = Uint8Array.of(0x20);

/** Most bytes of a number below 2^31, twice, beside the first byte of a field. */
const MOST_OVERHEAD = 13;

/** Number of the first line with each name; lines with the same name follow one another. */
const FIRST_LINE = new Map<string, number>();
for (const [at, [name]] of STATIC_TABLE.entries()) {
  if (!FIRST_LINE.has(name)) FIRST_LINE.set(name, at + 1);
}

/**
 * The header block for these fields.
 *
 * @throws {RangeError} when a character is above U+00FF: its lower byte might be a line's end
 */
export function encodeFields(fields: readonly FieldLine[]): Uint8Array {
  let mostBytes = 0;
  for (const [name, value] of fields) mostBytes += name.length + value.length + MOST_OVERHEAD;
  const block = new Uint8Array(mostBytes);
  let at = 0;
  for (const line of fields) at = writeLine(block, at, line);
  return block.subarray(0, at);
}

function writeLine(block: Uint8Array, at: number, [name, value]: FieldLine): number {
  const first = FIRST_LINE.get(name) ?? 0;
  for (let index = first; index > 0 && STATIC_TABLE[index - 1]?.[0] === name; index++) {
    if (STATIC_TABLE[index - 1]![1] === value) return writeInteger(block, at, 0x80, 7, index);
  }
  at = writeInteger(block, at, 0x10, 4, first);
  if (first === 0) at = writeString(block, at, name);
  return writeString(block, at, value);
}

/** Section 5.1; `flags` are the bits above the prefix. */
function writeInteger(
  block: Uint8Array,
  at: number,
  flags: number,
  prefixBits: number,
  value: number,
): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    block[at] = flags | value;
    return at + 1;
  }
  block[at++] = flags | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) block[at++] = rest & 0x7f | 0x80;
  block[at] = rest;
  return at + 1;
}

function writeString(block: Uint8Array, at: number, text: string): number {
  at = writeInteger(block, at, 0, 7, text.length);
  let all = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    all |= code;
    block[at + i] = code;
  }
  if (all > 0xff) throw new RangeError("Cannot send a field: it has a character above U+00FF");
  return at + text.length;
}
