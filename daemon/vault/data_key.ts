/**
 * Data keys, wrapped: AES-256-GCM under the key that comes from the master key, bound to the vault
 * and to the data key's id. To change the master key is to wrap again; no record is touched.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { DataKey } from "./seal.ts";

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
/** Nonce, 32 bytes of ciphertext, tag. */
const WRAPPED_LENGTH = NONCE_LENGTH + 32 + TAG_LENGTH;

/** A new random data key. */
export function newDataKey(id: number): DataKey {
  return { id, bytes: crypto.getRandomValues(new Uint8Array(32)) };
}

/** Nonce, ciphertext and tag of `dataKey` under `wrappingKey`. */
export function wrapDataKey(
  wrappingKey: Uint8Array,
  vaultUid: string,
  dataKey: DataKey,
): Uint8Array {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
  const cipher = createCipheriv("aes-256-gcm", wrappingKey, nonce);
  cipher.setAAD(associatedData(vaultUid, dataKey.id));
  const text = cipher.update(dataKey.bytes);
  cipher.final();
  return new Uint8Array([...nonce, ...text, ...cipher.getAuthTag()]);
}

/** The data key inside; null when `wrappingKey` is not the one it was wrapped under. */
export function unwrapDataKey(
  wrappingKey: Uint8Array,
  vaultUid: string,
  id: number,
  wrapped: Uint8Array,
): DataKey | null {
  if (wrapped.length !== WRAPPED_LENGTH) return null;
  const nonce = wrapped.subarray(0, NONCE_LENGTH);
  const decipher = createDecipheriv("aes-256-gcm", wrappingKey, nonce, {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(associatedData(vaultUid, id));
  decipher.setAuthTag(wrapped.subarray(WRAPPED_LENGTH - TAG_LENGTH));
  const bytes = decipher.update(wrapped.subarray(NONCE_LENGTH, WRAPPED_LENGTH - TAG_LENGTH));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return { id, bytes: new Uint8Array(bytes) };
}

function associatedData(vaultUid: string, id: number): Uint8Array {
  // A uid is hex, so that the separator is in none of the parts.
  return new TextEncoder().encode(`authsome data key 1|${vaultUid}|${id}`);
}
