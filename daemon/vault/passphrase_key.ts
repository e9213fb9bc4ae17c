/**
 * From a passphrase to a key: Argon2id (RFC 9106). One place for the vault's own passphrase and for
 * that of a backup.
 *
 * @module
 */
import type { Secret } from "../../core/secret.ts";

/** What a derivation costs; kept beside what the key seals, in clear. */
export interface PassphraseCost {
  readonly memory_kib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** RFC 9106 section 4, second recommendation, with one lane: as costly, and the same everywhere. */
export const PASSPHRASE_COST: PassphraseCost = { memory_kib: 65_536, passes: 3, parallelism: 1 };

/** Whether a cost makes sense: a changed file must not make the daemon take all memory. */
export function isAffordable({ memory_kib, passes, parallelism }: PassphraseCost): boolean {
  const within = (value: number, most: number) =>
    Number.isInteger(value) && value >= 1 && value <= most;
  // RFC 9106 section 3.1: at least 8 KiB for each lane.
  return within(memory_kib, 1_048_576) && within(passes, 16) && within(parallelism, 16) &&
    memory_kib >= 8 * parallelism;
}

/** 32 bytes from the passphrase; the cost is one that {@linkcode isAffordable} accepts. */
export async function derivePassphraseKey(
  passphrase: Secret,
  salt: Uint8Array<ArrayBuffer>,
  { memory_kib: memory, passes, parallelism }: PassphraseCost,
): Promise<Uint8Array<ArrayBuffer>> {
  // NFC: one passphrase, whatever the keyboard composes.
  const text = new TextEncoder().encode(passphrase.reveal().normalize("NFC"));
  const key = await crypto.subtle.importKey("raw-secret" as "raw", text, "Argon2id", false, [
    "deriveBits",
  ]);
  const algorithm = { name: "Argon2id", nonce: salt, memory, passes, parallelism };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256));
}

/** 32 bytes for one purpose, from a key: HKDF-SHA256 (RFC 5869). */
export async function expandKey(
  key: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  purpose: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode(purpose);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, material, 256));
}
