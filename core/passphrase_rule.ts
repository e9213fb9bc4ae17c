/**
 * How long a passphrase must be that keeps everything: that of a vault, that of a backup.
 *
 * @module
 */
import type { Secret } from "./secret.ts";

/** Shortest passphrase, in characters; 32 bytes in base64 or hex are longer. */
export const MIN_PASSPHRASE_LENGTH = 12;

/** Characters of a passphrase, counted as a person would. */
export function passphraseLength(passphrase: Secret): number {
  return [...passphrase.reveal().normalize("NFC")].length;
}
