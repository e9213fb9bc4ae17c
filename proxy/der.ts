/**
 * Writes DER (ITU-T X.690): just enough for the certificates of a run. Why not a library: see
 * `docs/adr/0005-certificates.md`.
 *
 * @module
 */
import { utcTime } from "../core/utc_time.ts";

/** One encoded element. */
export type Der = Uint8Array<ArrayBuffer>;

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

/** An element with the given tag around `content`. */
export function element(tag: number, ...content: readonly Uint8Array[]): Der {
  let length = 0;
  for (const part of content) length += part.length;
  const octets = lengthOctets(length);
  const encoded = new Uint8Array(1 + octets.length + length);
  encoded[0] = tag;
  encoded.set(octets, 1);
  let at = 1 + octets.length;
  for (const part of content) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

/** X.690 section 8.1.3: short form below 128, else the number of length octets first. */
function lengthOctets(length: number): number[] {
  if (length < 128) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

/** SEQUENCE. */
export function sequence(...content: readonly Uint8Array[]): Der {
  return element(SEQUENCE, ...content);
}

/** SET of one. */
export function set(content: Uint8Array): Der {
  return element(SET, content);
}

/** `[number]`, constructed, context-specific. */
export function tagged(number: number, ...content: readonly Uint8Array[]): Der {
  return element(0xa0 | number, ...content);
}

/** `[number] IMPLICIT`, primitive, context-specific. */
export function implicit(number: number, content: Uint8Array): Der {
  return element(0x80 | number, content);
}

/** BOOLEAN TRUE. */
export function isTrue(): Der {
  return element(BOOLEAN, Uint8Array.of(0xff));
}

/** INTEGER of an unsigned big-endian number. */
export function integer(bytes: Uint8Array): Der {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const shortest = bytes.subarray(from);
  // A first bit that is set would make it negative.
  return (shortest[0]! & 0x80) === 0
    ? element(INTEGER, shortest)
    : element(INTEGER, Uint8Array.of(0), shortest);
}

/** BIT STRING; `unusedBits` of the last octet do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return element(BIT_STRING, Uint8Array.of(unusedBits), bytes);
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Der {
  return element(OCTET_STRING, bytes);
}

/** UTF8String. */
export function utf8String(text: string): Der {
  return element(UTF8_STRING, new TextEncoder().encode(text));
}

/** OBJECT IDENTIFIER of its dotted form. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    octets.push(...groups);
  }
  return element(OBJECT_IDENTIFIER, Uint8Array.from(octets));
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
export function time(date: Date): Der {
  const digits = utcTime(date).replace(/[-:T]/g, "").slice(0, 14) + "Z";
  return date.getUTCFullYear() < 2050
    ? element(UTC_TIME, new TextEncoder().encode(digits.slice(2)))
    : element(GENERALIZED_TIME, new TextEncoder().encode(digits));
}

/** PEM (RFC 7468). */
export function pem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** One array after the other. */
export function concat(parts: readonly Uint8Array[]): Der {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
