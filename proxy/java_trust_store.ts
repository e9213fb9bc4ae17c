/**
 * Writes a Java trust store: Java reads no PEM. The JKS format (magic, version 2, one trusted
 * certificate entry for each, SHA-1 over password and content) is what every Java since 1.2 reads;
 * keytool is not needed.
 *
 * @module
 */
import { createHash } from "node:crypto";
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
  const parts: Uint8Array[] = [uint32(MAGIC), uint32(VERSION), uint32(certificates.length)];
  for (const [index, certificate] of certificates.entries()) {
    parts.push(
      uint32(TRUSTED_CERTIFICATE),
      shortString(`ca${index}`),
      new Uint8Array(8), // creation time
      shortString("X.509"),
      uint32(certificate.length),
      certificate,
    );
  }
  const content = concat(parts);
  const hash = createHash("sha1").update(utf16(TRUST_STORE_PASSWORD)).update(SALT).update(content);
  return concat([content, Uint8Array.from(hash.digest())]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
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
