/**
 * Writes a Java trust store: Java reads no PEM. The JKS format (magic, version 2, one trusted
 * certificate entry for each, SHA-1 over password and content) is what every Java since 1.2 reads;
 * keytool is not needed.
 *
 * @module
 */
import { hash } from "node:crypto";
import { concat } from "./der.ts";

/** Password of the store. It protects nothing: the store holds public certificates. */
export const TRUST_STORE_PASSWORD = "changeit";

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** Java's own salt of the integrity check. */
const SALT = "Mighty Aphrodite";

/** The store with these certificates, DER. */
export function javaTrustStore(certificates: readonly Uint8Array[]): Uint8Array {
  const salted = concat([utf16(TRUST_STORE_PASSWORD), new TextEncoder().encode(SALT)]);
  const hashed = concat([
    salted,
    numbers(MAGIC, VERSION, certificates.length),
    ...certificates.flatMap((certificate, index) => [
      entryHead(`ca${index}`, certificate.length),
      certificate,
    ]),
  ]);
  const content = hashed.subarray(salted.length);
  return concat([content, Uint8Array.fromHex(hash("sha1", hashed, "hex"))]);
}

/** What stands in front of a certificate of so many bytes. */
function entryHead(alias: string, length: number): Uint8Array {
  const creationTime = new Uint8Array(8);
  return concat([
    numbers(TRUSTED_CERTIFICATE),
    shortString(alias),
    creationTime,
    shortString("X.509"),
    numbers(length),
  ]);
}

/** Four bytes for each. */
function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return bytes;
}

function shortString(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function utf16(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((letter) => {
    const code = letter.charCodeAt(0);
    return [code >> 8, code & 0xff];
  }));
}
