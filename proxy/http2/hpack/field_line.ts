/**
 * One field of a head or of trailers, as HTTP/2 has them.
 *
 * @module
 */

/** Name in lower case (pseudo ones begin with a colon) and value; bytes as Latin-1. */
export type FieldLine = readonly [name: string, value: string];

/** What a field counts beside its characters (RFC 7541 section 4.1, RFC 9113 section 6.5.2). */
const OVERHEAD_BYTES = 32;

/** Size of a field in bytes, by which tables and lists are limited. */
export function fieldBytes(nameBytes: number, valueBytes: number): number {
  return nameBytes + valueBytes + OVERHEAD_BYTES;
}
