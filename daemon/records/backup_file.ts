/**
 * A backup as a file: one text, sealed with a passphrase.
 *
 * | offset | length | what |
 * | ---: | ---: | --- |
 * | 0 | 16 | `authsome backup` and a line feed |
 * | 16 | 1 | version of this form, 1 |
 * | 17 | 12 | Argon2id: KiB, passes, lanes; 4 bytes each, big-endian |
 * | 29 | 16 | salt |
 * | 45 | 12 | nonce |
 * | 57 | n | ciphertext, AES-256-GCM (NIST SP 800-38D) |
 * | 57 + n | 16 | tag; the first 57 bytes are the associated data |
 * | 73 + n | 32 | SHA-256 of everything before, so that damage is not mistaken for a wrong passphrase |
 *
 * The key is Argon2id (RFC 9106) of the passphrase, then HKDF-SHA256 (RFC 5869). It is new with each
 * file, because the salt is, so that a nonce never meets one key twice. Every later version begins
 * and ends alike: whoever does not know a version can still say so.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { InvalidInputError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { joinBytes } from "../../core/join_bytes.ts";
import {
  derivePassphraseKey,
  expandKey,
  isAffordable,
  PASSPHRASE_COST,
  type PassphraseCost,
} from "../vault/passphrase_key.ts";

const MAGIC = new TextEncoder().encode("authsome backup\n");
const VERSION = 1;
const SALT_AT = 29;
const NONCE_AT = 45;
const HEAD_LENGTH = 57;
const TAG_LENGTH = 16;
const SUM_LENGTH = 32;

/** The file's bytes. */
export async function sealBackup(
  text: string,
  passphrase: Secret,
  cost: PassphraseCost = PASSPHRASE_COST,
): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_LENGTH);
  head.set(MAGIC);
  head[MAGIC.length] = VERSION;
  const view = new DataView(head.buffer);
  for (const [i, part] of [cost.memory_kib, cost.passes, cost.parallelism].entries()) {
    view.setUint32(MAGIC.length + 1 + 4 * i, part);
  }
  crypto.getRandomValues(head.subarray(SALT_AT));
  const cipher = createCipheriv(
    "aes-256-gcm",
    await keyFor(passphrase, head),
    head.subarray(NONCE_AT),
  );
  cipher.setAAD(head);
  const sealed = cipher.update(text, "utf8");
  cipher.final();
  const body = [head, sealed, cipher.getAuthTag()];
  const hash = createHash("sha256");
  for (const part of body) hash.update(part);
  return joinBytes([...body, hash.digest()]);
}

/**
 * The text inside.
 *
 * @throws {InvalidInputError} when it is no backup, damaged, from a newer version, or sealed with
 * another passphrase. Of a file in which one bit is changed nothing comes out.
 */
export async function openBackup(bytes: Uint8Array, passphrase: Secret): Promise<string> {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw cannotOpen("it is no backup of authsome");
  }
  const end = bytes.length - SUM_LENGTH;
  if (end < HEAD_LENGTH + TAG_LENGTH || !sumFits(bytes, end)) {
    throw cannotOpen("it is damaged or cut short", "Take another copy of it");
  }
  const version = bytes[MAGIC.length]!;
  if (version !== VERSION) {
    throw cannotOpen(
      `it is from a newer authsome (format ${version}, known here: ${VERSION})`,
      "Upgrade authsome; nothing was changed",
    );
  }
  const head = bytes.slice(0, HEAD_LENGTH);
  const key = await keyFor(passphrase, head);
  const decipher = createDecipheriv("aes-256-gcm", key, head.subarray(NONCE_AT), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(head);
  decipher.setAuthTag(bytes.subarray(end - TAG_LENGTH, end));
  const text = decipher.update(bytes.subarray(HEAD_LENGTH, end - TAG_LENGTH));
  try {
    // Throws when the tag does not fit; before that, `text` is not looked at.
    decipher.final();
  } catch {
    throw cannotOpen(
      "the passphrase is wrong",
      "If you are sure of it, somebody has changed the file: take another copy",
    );
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(text);
}

async function keyFor(
  passphrase: Secret,
  head: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const view = new DataView(head.buffer, head.byteOffset);
  const part = (i: number) => view.getUint32(MAGIC.length + 1 + 4 * i);
  const cost = { memory_kib: part(0), passes: part(1), parallelism: part(2) };
  if (!isAffordable(cost)) throw cannotOpen("its passphrase parameters make no sense");
  const salt = head.slice(SALT_AT, NONCE_AT);
  return await expandKey(
    await derivePassphraseKey(passphrase, salt, cost),
    salt,
    "authsome backup 1",
  );
}

function sumFits(bytes: Uint8Array, end: number): boolean {
  const sum = createHash("sha256").update(bytes.subarray(0, end)).digest();
  return sum.every((byte, i) => bytes[end + i] === byte);
}

function cannotOpen(state: string, hint?: string): InvalidInputError {
  return new InvalidInputError(`Cannot open the backup: ${state}`, { hint });
}
