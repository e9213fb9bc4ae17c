/**
 * `did:key` for Ed25519 (W3C did:key method; multicodec `ed01`, multibase base58btc).
 *
 * @module
 */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ED25519 = [0xed, 0x01];

/** `did:key:z…` of a 32-byte Ed25519 public key. */
export function didKey(publicKey: Uint8Array): string {
  return `did:key:z${encodeBase58(new Uint8Array([...ED25519, ...publicKey]))}`;
}

/** The 32-byte public key of a `did:key`; `null` when it is anything else. */
export function publicKeyOf(did: string): Uint8Array<ArrayBuffer> | null {
  if (!did.startsWith("did:key:z") || did.length > 80) return null;
  const bytes = decodeBase58(did.slice("did:key:z".length));
  if (bytes === null || bytes.length !== 34) return null;
  return bytes[0] === ED25519[0] && bytes[1] === ED25519[1] ? bytes.slice(2) : null;
}

function encodeBase58(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (; value > 0n; value /= 58n) text = ALPHABET[Number(value % 58n)] + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = "1" + text;
  }
  return text;
}

function decodeBase58(text: string): Uint8Array<ArrayBuffer> | null {
  let value = 0n;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return null;
    value = value * 58n + BigInt(digit);
  }
  const bytes: number[] = [];
  for (; value > 0n; value >>= 8n) bytes.unshift(Number(value & 255n));
  for (const letter of text) {
    if (letter !== "1") break;
    bytes.unshift(0);
  }
  return new Uint8Array(bytes);
}
