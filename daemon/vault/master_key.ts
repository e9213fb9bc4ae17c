/**
 * From the master key to the key that wraps data keys.
 *
 * 32 raw bytes, in base64 or hex, go through HKDF-SHA256 (RFC 5869); anything else is a passphrase
 * and goes through Argon2id (RFC 9106). Both with the vault's own random salt and bound to the
 * vault's id, so that two vaults with one master key share nothing. How it was done is kept with the
 * vault, and done again alike when it is opened.
 *
 * @module
 */
import type { DaemonBoot, MasterKeySource } from "../../core/boot.ts";
import { MasterKeyError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import {
  derivePassphraseKey,
  expandKey,
  isAffordable,
  PASSPHRASE_COST,
  type PassphraseCost,
} from "./passphrase_key.ts";

/** The master key as it was given. */
export interface MasterKey {
  readonly source: MasterKeySource;
  readonly secret: Secret;
}

/** How the key that wraps data keys is made; kept in the vault, in clear. */
export type KeyDerivation =
  | { readonly type: "hkdf-sha256"; readonly salt: string }
  | ArgonDerivation;

interface ArgonDerivation extends PassphraseCost {
  readonly type: "argon2id";
  /** 16 bytes, hex. */
  readonly salt: string;
}

/** Where each source is set, as people know it. */
const SOURCE_NAME: Readonly<Record<MasterKeySource, string>> = {
  environment: "AUTHSOME_MASTER_KEY",
  environment_file: "the file in AUTHSOME_MASTER_KEY_FILE",
  keyring: "the keyring",
  passphrase: "the passphrase",
  key_file: "server/master.key",
};

/** `the keyring`, `AUTHSOME_MASTER_KEY`, …: where this source is set. */
export function showSource(source: MasterKeySource): string {
  return SOURCE_NAME[source];
}

/**
 * The master keys of a boot line, the likeliest first: a keyring holds the old one and the new one
 * while they are being changed. Null when the daemon has to look into its key file.
 *
 * @throws {MasterKeyError} when it is empty.
 */
export function givenMasterKeys(
  { source, secret, others = [] }: DaemonBoot["master_key"],
): readonly MasterKey[] | null {
  if (source === "key_file") return null;
  return [secret ?? "", ...others].map((given) => {
    // The end of a line belongs to the file or the prompt, not to the key.
    const text = given.replace(/\r?\n$/, "");
    if (text !== "") return { source, secret: new Secret(text) };
    throw new MasterKeyError(`Cannot open the vault: ${showSource(source)} is empty`);
  });
}

/** How a new vault with this master key derives its wrapping key. */
export function newDerivation(master: MasterKey): KeyDerivation {
  const salt = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const raw = master.source !== "passphrase" && rawKey(master.secret) !== null;
  if (raw) return { type: "hkdf-sha256", salt };
  return { type: "argon2id", salt, ...PASSPHRASE_COST };
}

/**
 * The 32-byte key that wraps the vault's data keys.
 *
 * @throws {MasterKeyError} when the master key is of another kind than the vault's.
 */
export async function deriveWrappingKey(
  master: MasterKey,
  derivation: KeyDerivation,
  vaultUid: string,
): Promise<Uint8Array> {
  const salt = Uint8Array.fromHex(derivation.salt);
  const purpose = `authsome wrapping key 1 ${vaultUid}`;
  if (derivation.type === "hkdf-sha256") {
    const raw = rawKey(master.secret);
    if (raw === null) {
      throw new MasterKeyError(
        `Cannot open the vault: it was made with a key of 32 bytes, and ${
          showSource(master.source)
        } holds no such key`,
        { hint: "Give the key in base64 or hex, whole" },
      );
    }
    return await expandKey(raw, salt, purpose);
  }
  if (!isAffordable(derivation)) {
    throw new MasterKeyError("Cannot open the vault: its passphrase parameters make no sense");
  }
  const key = await derivePassphraseKey(master.secret, salt, derivation);
  return await expandKey(key, salt, purpose);
}

/** Whether this is a key of 32 bytes, and not a passphrase. */
export function isRawKey(secret: Secret): boolean {
  return rawKey(secret) !== null;
}

/** The 32 bytes that the text says in hex or base64 (either alphabet); null when it says none. */
function rawKey(secret: Secret): Uint8Array<ArrayBuffer> | null {
  const text = secret.reveal().trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.fromHex(text);
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  return Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/").slice(0, 43) + "=");
}
