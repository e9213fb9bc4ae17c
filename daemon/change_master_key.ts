/**
 * Changes the vault's keys, and where the daemon itself keeps the master key (`server/master.key`),
 * so that a process killed at any moment leaves a vault that opens.
 *
 * The file gets the new key beside the old one before the vault changes, and loses the old one
 * afterwards. Keys that the daemon does not keep (keyring, passphrase, environment) come from whoever
 * asks, who sees to the same order.
 *
 * @module
 */
import type { MasterKeySource } from "../core/boot.ts";
import { InvalidInputError, VaultConflictError, VaultSealError } from "../core/errors.ts";
import { MIN_PASSPHRASE_LENGTH, passphraseLength } from "../core/passphrase_rule.ts";
import type { Secret } from "../core/secret.ts";
import type { Broker } from "./broker/broker.ts";
import { newFileKey, readKeyCandidates, writeKeyCandidates } from "./vault/key_file.ts";
import { isRawKey, type MasterKey, showSource } from "./vault/master_key.ts";
import type { ChangedKeys, SqliteVault } from "./vault/sqlite_vault.ts";

/** What a change of keys is made with. */
export interface MasterKeyChange {
  readonly vault: SqliteVault;
  /** Where this daemon's master key came from; the new one takes its place. */
  readonly source: MasterKeySource;
  /** `server/master.key`. */
  readonly keyFilePath: string;
  readonly now: () => Date;
  /** Told after each step. */
  readonly onStep?: (step: string) => void;
}

/** The changing, one at a time: two would each forget the other's key. */
export function masterKeyChanger(change: MasterKeyChange): Broker["changeKeys"] {
  let isUnderWay = false;
  return async (given) => {
    if (isUnderWay) {
      throw new VaultConflictError("Cannot change the master key: it is being changed already");
    }
    isUnderWay = true;
    try {
      const changed = await changeMasterKey(change, given);
      return { source: change.source, ...changed };
    } finally {
      isUnderWay = false;
    }
  };
}

async function changeMasterKey(
  change: MasterKeyChange,
  given: Secret | null,
): Promise<ChangedKeys & { readonly erased: boolean }> {
  const { vault, source, now, onStep = () => {} } = change;
  const changed = source === "key_file"
    ? await changeKeyFile(change, given)
    : await vault.changeKeys(checkGiven(source, given), now());
  onStep("the vault has the new keys");
  const erased = await vault.eraseOldCiphertext();
  if (erased) onStep("nothing of the old keys is left");
  return { ...changed, erased };
}

async function changeKeyFile(
  { vault, keyFilePath: path, now, onStep = () => {} }: MasterKeyChange,
  given: Secret | null,
): Promise<ChangedKeys> {
  if (given !== null) {
    throw new InvalidInputError(
      `Cannot take this master key: ${showSource("key_file")} gets a random one`,
      { hint: "Run: authsome key rotate    without a key" },
    );
  }
  const before = readKeyCandidates(path);
  const master = newFileKey();
  writeKeyCandidates(path, [...before, master]);
  onStep("the key file holds the old key and the new one");
  const changed = await vault.changeKeys(master, now()).catch((error: unknown) => {
    if (wasRefused(error)) restoreKeyFile(path, before);
    throw error;
  });
  onStep("the vault has the new data key");
  writeKeyCandidates(path, [master]);
  onStep("the key file holds the new key alone");
  return changed;
}

/**
 * Whether the vault certainly has its old key: it refused before it wrote. After a fault of the disk
 * only the next start can tell which key fits, and needs both.
 */
function wasRefused(error: unknown): boolean {
  return error instanceof VaultSealError || error instanceof InvalidInputError;
}

/** Takes the key out again that nothing was sealed with. */
function restoreKeyFile(path: string, keys: readonly MasterKey[]): void {
  try {
    writeKeyCandidates(path, keys);
  } catch {
    // The next start does it; what stopped the change is what the person must hear of.
  }
}

/** @throws {InvalidInputError} when there is none, or it is too easily guessed. */
function checkGiven(source: MasterKeySource, given: Secret | null): MasterKey {
  if (given === null) {
    throw new InvalidInputError(
      `Cannot change the master key: a new one for ${showSource(source)} is needed`,
      { hint: "Run: authsome key rotate" },
    );
  }
  if (!isRawKey(given) && passphraseLength(given) < MIN_PASSPHRASE_LENGTH) {
    throw new InvalidInputError(
      `Cannot take this master key: it has fewer than ${MIN_PASSPHRASE_LENGTH} characters`,
      { hint: "Take 32 random bytes in base64 (openssl rand -base64 32), or several words" },
    );
  }
  return { source, secret: given };
}
