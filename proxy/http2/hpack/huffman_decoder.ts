/**
 * Reads strings in the Huffman code of RFC 7541, four bits at a time.
 *
 * The state is the node of the code's tree that the bits so far lead to. As no code is shorter than
 * five bits, four of them complete one byte at most: one look into a table says which, and where to
 * go on.
 *
 * @module
 */
import { CompressionError } from "./compression_error.ts";
import { END_OF_STRING, SYMBOLS_BY_LENGTH } from "./huffman_code.ts";

/** A step: the next state in bits 0 to 7, the completed byte in 8 to 15, and these. */
const COMPLETES = 1 << 16;
const FAILS = 1 << 17;

interface Machine {
  /** See {@linkcode buildTree}. */
  readonly children: Int16Array;
  /** Step for state * 16 + four bits; 0, which no step is, until somebody asks for it. */
  readonly steps: Int32Array;
  /** 1 for the states that a string may end in. */
  readonly isEnd: Uint8Array;
}

/** Built at the first use: many processes never see HTTP/2. */
let machine: Machine | null = null;

/**
 * Decodes `coded[start..end)` into the beginning of `into`, as far as there is room.
 *
 * @returns the number of bytes that the string has, which may be more than were written
 * @throws {CompressionError} for the end-of-string symbol and for padding that is longer than seven
 * bits or not of ones
 */
export function decodeHuffman(
  coded: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
): number {
  const { children, steps, isEnd } = machine ??= buildMachine();
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = coded[at]!;
    const upper = state << 4 | byte >> 4;
    const high = steps[upper] || (steps[upper] = stepOf(children, upper));
    if ((high & COMPLETES) !== 0) {
      if (length < into.length) into[length] = high >> 8;
      length++;
    }
    const lower = (high & 0xff) << 4 | byte & 0xf;
    const low = steps[lower] || (steps[lower] = stepOf(children, lower));
    if ((low & COMPLETES) !== 0) {
      if (length < into.length) into[length] = low >> 8;
      length++;
    }
    if (((high | low) & FAILS) !== 0) {
      throw new CompressionError("the end-of-string symbol is in a string");
    }
    state = low & 0xff;
  }
  if (isEnd[state] === 0) throw new CompressionError("the padding of a string is wrong");
  return length;
}

function buildMachine(): Machine {
  const children = buildTree();
  const isEnd = new Uint8Array(256);
  // Padding is up to seven ones: the beginning of the end-of-string symbol (section 5.2).
  for (let node = 0, ones = 0; ones < 8; ones++) {
    isEnd[node] = 1;
    node = children[node << 1 | 1]!;
  }
  return { children, steps: new Int32Array(256 * 16), isEnd };
}

/** The 256 inner nodes; for each bit the next node, or the complement of the completed symbol. */
function buildTree(): Int16Array {
  const children = new Int16Array(512);
  let nodes = 1;
  let code = 0;
  let length = 0;
  const add = (symbol: number, bits: number) => {
    code <<= bits - length;
    length = bits;
    let node = 0;
    for (let shift = bits - 1; shift > 0; shift--) {
      const edge = node << 1 | code >> shift & 1;
      // No edge leads back to the root, so that 0 says that there is none yet.
      if (children[edge] === 0) children[edge] = nodes++;
      node = children[edge]!;
    }
    children[node << 1 | code & 1] = ~symbol;
    code++;
  };
  for (const [bits, symbols] of SYMBOLS_BY_LENGTH) {
    for (let i = 0; i < symbols.length; i++) add(symbols.charCodeAt(i), bits);
  }
  add(END_OF_STRING, length);
  return children;
}

function stepOf(children: Int16Array, stateAndBits: number): number {
  let node = stateAndBits >> 4;
  let completed = 0;
  for (let shift = 3; shift >= 0; shift--) {
    const child = children[node << 1 | stateAndBits >> shift & 1]!;
    node = Math.max(child, 0);
    if (child >= 0) continue;
    if (~child === END_OF_STRING) return FAILS;
    completed = COMPLETES | ~child << 8;
  }
  return completed | node;
}
