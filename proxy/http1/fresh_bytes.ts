/**
 * Small pieces of memory to write a message into. A buffer of its own for each costs as much as
 * everything else that is done with a head, so they are cut from larger ones; none is ever used twice.
 *
 * @module
 */

const SLAB_BYTES = 16 * 1024;
/** A larger piece would leave too much of a slab unused. */
const LARGEST_CUT = SLAB_BYTES / 4;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Bytes that are zero and nobody else's. */
export function freshBytes(length: number): Uint8Array {
  if (length > LARGEST_CUT) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const bytes = slab.subarray(used, used + length);
  used += length;
  return bytes;
}
