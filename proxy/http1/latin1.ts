/**
 * Bytes as text with one character for each of them, and back: heads are read and written so, whatever
 * is in them.
 *
 * @module
 */
import { freshBytes } from "./fresh_bytes.ts";

/** One character for each byte; the way back is {@linkcode latin1Bytes}. */
export function latin1Text(bytes: Uint8Array): string {
  // The label latin1 means windows-1252 to TextDecoder, which would change bytes 0x80 to 0x9f. As
  // UTF-8 ASCII alone gives a character for each byte; everything else gives fewer, or U+FFFD.
  const text = DECODER.decode(bytes);
  if (text.length === bytes.length && !text.includes("\ufffd")) return text;
  let exact = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    exact += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return exact;
}

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/**
 * One byte for each character.
 *
 * @throws {RangeError} for a character that is more: U+010A would end as a line feed.
 */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = freshBytes(text.length);
  writeLatin1(text, bytes);
  return bytes;
}

/** The same into the first of `bytes`; throws alike. */
export function writeLatin1(text: string, bytes: Uint8Array): void {
  // The fast way; exact when every character became one byte: then all of them are ASCII.
  const { read, written } = ENCODER.encodeInto(text, bytes);
  if (read === text.length && written === text.length) return;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError("a character is more than one byte");
    bytes[i] = code;
  }
}
