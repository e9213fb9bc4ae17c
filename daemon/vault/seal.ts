/**
 * How a record is sealed: AES-256-GCM (NIST SP 800-38D) under a data key.
 *
 * | bytes | what |
 * | ---: | --- |
 * | 1 | version of this form, 1 |
 * | 4 | id of the data key, big-endian |
 * | 12 | nonce, random |
 * | n | ciphertext of the value in UTF-8 |
 * | 16 | tag |
 *
 * Associated data binds a ciphertext to its place: version (1 byte), schema version (4), key id (4),
 * revision (8), then the record's key in UTF-8. All but the last have a fixed length, so that no two
 * places share one encoding. A file-writer can neither swap two records nor bring an old value back
 * under a newer revision.
 *
 * node:crypto rather than WebCrypto: the same cipher in a seventh of the time for short values, and
 * synchronous, so that a record is read and opened without anything in between.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { VaultSealError } from "../../core/errors.ts";

/** Version of the sealed form. */
export const SEAL_VERSION = 1;
/** Version of the vault's tables and of what is sealed in them. */
export const SCHEMA_VERSION = 1;

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const HEAD_LENGTH = 1 + 4 + NONCE_LENGTH;
const PLACE_HEAD_LENGTH = 1 + 4 + 4 + 8;

/** A key that seals records. */
export interface DataKey {
  /** From 1; a rotated vault has several. */
  readonly id: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** Where a record belongs. */
export interface RecordPlace {
  readonly key: string;
  readonly revision: number;
}

/** `value`, sealed for its place. */
export function seal(dataKey: DataKey, place: RecordPlace, value: string): Uint8Array {
  // A random nonce is safe here: a data key would have to seal four thousand million records before
  // two nonces meet with a probability that matters (SP 800-38D section 8.3).
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
  const cipher = createCipheriv("aes-256-gcm", dataKey.bytes, nonce);
  cipher.setAAD(associatedData(dataKey.id, place));
  const text = cipher.update(value, "utf8");
  cipher.final();
  const sealed = new Uint8Array(HEAD_LENGTH + text.length + TAG_LENGTH);
  sealed[0] = SEAL_VERSION;
  writeUint32(sealed, 1, dataKey.id);
  sealed.set(nonce, 5);
  sealed.set(text, HEAD_LENGTH);
  sealed.set(cipher.getAuthTag(), HEAD_LENGTH + text.length);
  return sealed;
}

/**
 * The value that was sealed for this place.
 *
 * @throws {VaultSealError} when it was changed, moved, cut, or sealed under a key that is not here.
 */
export function unseal(
  dataKeys: ReadonlyMap<number, DataKey>,
  place: RecordPlace,
  sealed: Uint8Array,
): string {
  if (sealed.length < HEAD_LENGTH + TAG_LENGTH) throw broken(place, "it is cut short");
  if (sealed[0] !== SEAL_VERSION) throw broken(place, `its form ${sealed[0]} is not known`);
  const keyId = readUint32(sealed, 1);
  const dataKey = dataKeys.get(keyId);
  if (dataKey === undefined) throw broken(place, `the vault has no data key ${keyId}`);
  const end = sealed.length - TAG_LENGTH;
  const decipher = createDecipheriv("aes-256-gcm", dataKey.bytes, sealed.subarray(5, HEAD_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(associatedData(keyId, place));
  decipher.setAuthTag(sealed.subarray(end));
  const text = decipher.update(sealed.subarray(HEAD_LENGTH, end));
  try {
    // Throws when the tag does not fit; before that, `text` is not looked at.
    decipher.final();
  } catch (cause) {
    throw broken(place, "it was changed, moved or sealed under another key", cause);
  }
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString("utf8");
}

const encoder = new TextEncoder();

function associatedData(keyId: number, { key, revision }: RecordPlace): Uint8Array {
  const name = encoder.encode(key);
  const data = new Uint8Array(PLACE_HEAD_LENGTH + name.length);
  data[0] = SEAL_VERSION;
  writeUint32(data, 1, SCHEMA_VERSION);
  writeUint32(data, 5, keyId);
  writeUint32(data, 9, Math.floor(revision / 0x1_0000_0000));
  writeUint32(data, 13, revision % 0x1_0000_0000);
  data.set(name, PLACE_HEAD_LENGTH);
  return data;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! * 0x100_0000) + (bytes[at + 1]! << 16) + (bytes[at + 2]! << 8) +
    bytes[at + 3]!;
}

function broken(place: RecordPlace, state: string, cause?: unknown): VaultSealError {
  return new VaultSealError(`Cannot open the record ${place.key}: ${state}`, {
    cause,
    hint: "Run: authsome doctor",
  });
}
