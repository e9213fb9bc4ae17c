/**
 * Ed25519 keys as authsome keeps them: a 32-byte seed in hex (RFC 8032 section 5.1.5).
 *
 * @module
 */
import { fromBase64Url } from "../core/base64url.ts";
import { didKey } from "../core/did_key.ts";
import type { Signer } from "../core/proof.ts";
import type { Secret } from "../core/secret.ts";

/** PKCS #8 wrapping of a 32-byte Ed25519 seed (RFC 8410 section 7), without the seed. */
const PKCS8_PREFIX = Uint8Array.from([
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
]); // deno-fmt-ignore

/** A new seed, in hex. */
export function generateSeed(): string {
  return hex(crypto.getRandomValues(new Uint8Array(32)));
}

/** The signer of the key with this seed (64 hex digits), speaking as `subject`. */
export async function signerFromSeed(subject: string, seed: Secret): Promise<Signer> {
  const pkcs8 = Uint8Array.from([...PKCS8_PREFIX, ...bytes(seed.reveal())]);
  // The public key is not in the seed; the key's JWK form (RFC 8037) is where it comes out.
  const [privateKey, { x }] = await Promise.all([
    crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]),
    crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"])
      .then((extractable) => crypto.subtle.exportKey("jwk", extractable)),
  ]);
  return { subject, did: didKey(fromBase64Url(x!)), privateKey };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
