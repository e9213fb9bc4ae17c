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

/** The master key as it was given. */
export interface MasterKey {
  readonly source: MasterKeySource;
  readonly secret: Secret;
}

/** How the key that wraps data keys is made; kept in the vault, in clear. */
export type KeyDerivation =
  | { readonly type: "hkdf-sha256"; readonly salt: string }
  | {
    readonly type: "argon2id";
    /** 16 bytes, hex. */
    readonly salt: string;
    readonly memory_kib: number;
    readonly passes: number;
    readonly parallelism: number;
  };

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
 * The master key of a boot line; null when the daemon has to look into its key file.
 *
 * @throws {MasterKeyError} when it is empty.
 */
export function givenMasterKey({ source, secret }: DaemonBoot["master_key"]): MasterKey | null {
  if (source === "key_file") return null;
  // The end of a line belongs to the file or the prompt, not to the key.
  const text = (secret ?? "").replace(/\r?\n$/, "");
  if (text === "") {
    throw new MasterKeyError(`Cannot open the vault: ${showSource(source)} is empty`);
  }
  return { source, secret: new Secret(text) };
}

/** How a new vault with this master key derives its wrapping key. */
export function newDerivation(master: MasterKey): KeyDerivation {
  const salt = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const raw = master.source !== "passphrase" && rawKey(master.secret) !== null;
  if (raw) return { type: "hkdf-sha256", salt };
  // RFC 9106 section 4, second recommendation, with one lane: as costly, and the same everywhere.
  return { type: "argon2id", salt, memory_kib: 65_536, passes: 3, parallelism: 1 };
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
  const info = new TextEncoder().encode(`authsome wrapping key 1 ${vaultUid}`);
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
    return await hkdf(raw, salt, info);
  }
  const { memory_kib: memory, passes, parallelism } = checkCost(derivation);
  // NFC: one passphrase, whatever the keyboard composes.
  const text = new TextEncoder().encode(master.secret.reveal().normalize("NFC"));
  const key = await crypto.subtle.importKey("raw-secret" as "raw", text, "Argon2id", false, [
    "deriveBits",
  ]);
  const algorithm = { name: "Argon2id", nonce: salt, memory, passes, parallelism };
  const bits = await crypto.subtle.deriveBits(algorithm, key, 256);
  return await hkdf(new Uint8Array(bits), salt, info);
}

async function hkdf(
  key: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, material, 256));
}

/** The 32 bytes that the text says in hex or base64 (either alphabet); null when it says none. */
function rawKey(secret: Secret): Uint8Array<ArrayBuffer> | null {
  const text = secret.reveal().trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.fromHex(text);
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  return Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/").slice(0, 43) + "=");
}

/** A changed file must not make the daemon take all memory. */
function checkCost(
  derivation: KeyDerivation & { readonly type: "argon2id" },
): KeyDerivation & { readonly type: "argon2id" } {
  const { memory_kib, passes, parallelism } = derivation;
  const within = (value: number, most: number) =>
    Number.isInteger(value) && value >= 1 && value <= most;
  if (!within(memory_kib, 1_048_576) || !within(passes, 16) || !within(parallelism, 16)) {
    throw new MasterKeyError("Cannot open the vault: its passphrase parameters make no sense");
  }
  return derivation;
}
