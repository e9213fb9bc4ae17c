/**
 * SHA-256 (FIPS 180-4) of short messages, at once.
 *
 * WebCrypto's digest hands even a hundred bytes to another thread and back, which costs a proof more
 * than its signature does; `node:crypto` takes 15 ms to load, which costs every command more than all
 * its proofs. What is hashed here is a request body that both sides know: nothing secret depends on
 * the time this takes.
 *
 * @module
 */

/** Messages up to this many bytes are hashed here; for longer ones WebCrypto is the faster way. */
const SHORT = 4096;

/** SHA-256 of `bytes`, hex. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= SHORT) return hex(digestShort(bytes));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource)));
}

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Uint32Array(64);
/** The same of the square roots of the first 8 primes. */
const INITIAL = new Uint32Array(8);
for (let n = 0, candidate = 2; n < 64; candidate++) {
  let isPrime = true;
  for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (n < 8) INITIAL[n] = fraction(Math.sqrt(candidate));
  K[n++] = fraction(Math.cbrt(candidate));
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 0x1_0000_0000);
}

function digestShort(bytes: Uint8Array): Uint8Array {
  // One bit, zeros, and the length in bits, up to a multiple of 64 bytes (section 5.1.1).
  const padded = new Uint8Array(((bytes.length + 8 >> 6) + 1) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);

  const state = INITIAL.slice();
  const w = new Uint32Array(64);
  for (let offset = 0; offset < padded.length; offset += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getUint32(offset + t * 4);
    for (let t = 16; t < 64; t++) {
      const a = w[t - 15]!;
      const b = w[t - 2]!;
      const s0 = (a >>> 7 | a << 25) ^ (a >>> 18 | a << 14) ^ a >>> 3;
      const s1 = (b >>> 17 | b << 15) ^ (b >>> 19 | b << 13) ^ b >>> 10;
      w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
    }
    compress(state, w);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let n = 0; n < 8; n++) digest.setUint32(n * 4, state[n]!);
  return new Uint8Array(digest.buffer);
}

/** Section 6.2.2, step 3 and 4; the letters are the standard's. */
function compress(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 64; t++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = h + s1 + (e & f ^ ~e & g) + K[t]! + w[t]! | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  // The array keeps 32 bits of each sum.
  for (const [n, word] of [a, b, c, d, e, f, g, h].entries()) state[n]! += word;
}

// Not toHex(): clients run in Node.js 20, too.
function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
