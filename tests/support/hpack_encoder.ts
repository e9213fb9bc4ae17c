/**
 * An HPACK encoder that uses all of RFC 7541, by chance: tables, changes of their size, Huffman
 * codes, and every way to write a field. Ours uses next to nothing of it; our decoder must read all.
 *
 * @module
 */
import { SYMBOLS_BY_LENGTH } from "../../proxy/http2/hpack/huffman_code.ts";
import type { FieldLine } from "../../proxy/http2/hpack/field_line.ts";
import { STATIC_TABLE } from "../../proxy/http2/hpack/static_table.ts";
import type { Random } from "./seeded_random.ts";

/** Bytes from hexadecimal digits; white space is left out. */
export function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(
    digits.replaceAll(/\s/g, "").match(/../g) ?? [],
    (pair) => parseInt(pair, 16),
  );
}

/** An integer (section 5.1); `flags` are the bits above the prefix. */
export function integerBytes(flags: number, prefixBits: number, value: number): number[] {
  const most = 2 ** prefixBits - 1;
  if (value < most) return [flags | value];
  const bytes = [flags | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  return [...bytes, rest];
}

/** A string literal (section 5.2). */
export function stringBytes(text: string, isCoded: boolean): number[] {
  const bytes = isCoded ? huffmanBytes(text) : [...text].map((letter) => letter.charCodeAt(0));
  return [...integerBytes(isCoded ? 0x80 : 0, 7, bytes.length), ...bytes];
}

const CODES = new Map<string, string>();
let code = 0;
let length = 0;
for (const [bits, symbols] of SYMBOLS_BY_LENGTH) {
  for (const symbol of symbols) {
    code <<= bits - length;
    length = bits;
    CODES.set(symbol, (code++).toString(2).padStart(bits, "0"));
  }
}

function huffmanBytes(text: string): number[] {
  const bits = [...text].map((letter) => CODES.get(letter)!).join("");
  const padded = bits + "1".repeat((8 - bits.length % 8) % 8);
  return (padded.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2));
}

/** One direction of a connection. */
export class ChanceEncoder {
  readonly #random: Random;
  /** Newest first. */
  #table: FieldLine[] = [];
  #maxBytes = 4096;

  /** Chooses by `random`. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** A block that says `fields`. */
  encode(fields: readonly FieldLine[]): Uint8Array {
    const bytes: number[] = [];
    while (this.#random(6) === 0) {
      this.#maxBytes = this.#random(2) === 0 ? 4096 : this.#random(500);
      this.#evict();
      bytes.push(...integerBytes(0x20, 5, this.#maxBytes));
    }
    for (const field of fields) bytes.push(...this.#encodeField(field));
    return Uint8Array.from(bytes);
  }

  #encodeField([name, value]: FieldLine): number[] {
    const known = [...STATIC_TABLE, ...this.#table];
    const whole = this.#choose(known, (line) => line[0] === name && line[1] === value);
    if (whole > 0) return integerBytes(0x80, 7, whole);
    const [flags, prefixBits] = ([[0x40, 6], [0x40, 6], [0, 4], [0x10, 4]] as const)[
      this.#random(4)
    ]!;
    const index = this.#choose(known, (line) => line[0] === name);
    if (flags === 0x40) {
      this.#table.unshift([name, value]);
      this.#evict();
    }
    return [
      ...integerBytes(flags, prefixBits, index),
      ...(index === 0 ? stringBytes(name, this.#random(2) === 0) : []),
      ...stringBytes(value, this.#random(2) === 0),
    ];
  }

  /** Number of a line that fits, one of them by chance; 0 for none, and now and then anyhow. */
  #choose(lines: readonly FieldLine[], fits: (line: FieldLine) => boolean): number {
    const numbers = lines.flatMap((line, at) => fits(line) ? [at + 1] : []);
    return this.#random(8) === 0 ? 0 : numbers[this.#random(numbers.length || 1)] ?? 0;
  }

  #evict(): void {
    let bytes = 0;
    const first = this.#table.findIndex(([name, value]) =>
      (bytes += name.length + value.length + 32) > this.#maxBytes
    );
    if (first >= 0) this.#table = this.#table.slice(0, first);
  }
}

const NAMES = ["x-a", "x-request-id", "cookie", "authorization", "set-cookie", "accept", "grpc-x"];

/** A head as it might be: fields that come again, long ones, and any byte of Latin-1. */
export function chanceFields(random: Random): FieldLine[] {
  return Array.from({ length: random(12) }, () => {
    if (random(4) === 0) return STATIC_TABLE[random(STATIC_TABLE.length)]!;
    const name = random(4) === 0 ? `x-${"n".repeat(random(300))}` : NAMES[random(NAMES.length)]!;
    const longest = random(40) === 0 ? 6000 : 40;
    const value = random(3) === 0 ? `v${random(5)}` : text(random, random(longest));
    return [name, value];
  });
}

function text(random: Random, size: number): string {
  const [from, below] = random(3) === 0 ? [0, 256] : [32, 95];
  return Array.from({ length: size }, () => String.fromCharCode(from + random(below))).join("");
}
