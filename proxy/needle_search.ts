/**
 * Finds any of a few texts in a stream of bytes, at a fraction of the time that reading them takes:
 * the shift table of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994) looks at
 * about every tenth byte.
 *
 * @module
 */
import { joinBytes } from "../core/join_bytes.ts";

/** Size of the shift table; two bytes are hashed into it. */
const TABLE = 4096;

/** Some texts to look for; shared by all streams. */
export class NeedleSearch {
  /** Length of the longest one in bytes. */
  readonly longest: number;
  readonly #needles: readonly Uint8Array[];
  /** How far the search may move when the last two bytes of its window have this hash. */
  readonly #shifts: Uint8Array;
  /** Length of the shortest needle: the window. */
  readonly #window: number;

  /** Texts of 2 to 255 bytes each, at least one. */
  constructor(texts: readonly string[]) {
    this.#needles = texts.map((text) => new TextEncoder().encode(text));
    const lengths = this.#needles.map((needle) => needle.length);
    this.longest = Math.max(...lengths);
    const window = this.#window = Math.min(...lengths, 255);
    this.#shifts = new Uint8Array(TABLE).fill(window - 1);
    for (const needle of this.#needles) {
      for (let at = 1; at < window; at++) {
        const hash = hashOf(needle[at - 1]!, needle[at]!);
        this.#shifts[hash] = Math.min(this.#shifts[hash]!, window - 1 - at);
      }
    }
  }

  /** The number of the first text found, or −1. */
  find(bytes: Uint8Array): number {
    const shifts = this.#shifts;
    for (let at = this.#window - 1; at < bytes.length;) {
      const shift = shifts[hashOf(bytes[at - 1]!, bytes[at]!)]!;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - this.#window + 1;
      const found = this.#needles.findIndex((needle) => startsWith(bytes, start, needle));
      if (found >= 0) return found;
      at++;
    }
    return -1;
  }

  /** A search over pieces that belong together; what lies across two of them is found too. */
  stream(): (piece: Uint8Array) => number {
    let tail: Uint8Array = new Uint8Array();
    const keep = this.longest - 1;
    return (piece) => {
      const seam = joinBytes([tail, piece.subarray(0, keep)]);
      tail = piece.length >= keep ? piece.slice(-keep) : seam.slice(-keep);
      const across = this.find(seam);
      return across >= 0 ? across : this.find(piece);
    };
  }
}

function hashOf(first: number, second: number): number {
  return ((first << 5) ^ second) & (TABLE - 1);
}

function startsWith(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  if (start + needle.length > bytes.length) return false;
  for (let at = 0; at < needle.length; at++) {
    if (bytes[start + at] !== needle[at]) return false;
  }
  return true;
}
