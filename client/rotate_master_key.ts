/**
 * Changes the master key where it is kept, in the order in which a process may be killed at any
 * moment: the new key is kept first, then the vault changes, then the old key is forgotten.
 *
 * The daemon does that by itself for `server/master.key`. It has no keyring and no environment, so
 * for those it is done here.
 *
 * @module
 */
import type { KeyRotation } from "../core/api.ts";
import type { MasterKeySource } from "../core/boot.ts";
import type { Settings } from "../core/config.ts";
import {
  InvalidInputError,
  MasterKeyError,
  OperationNotAllowedError,
  VaultConflictError,
  VaultSealError,
} from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import { Secret } from "../core/secret.ts";
import type { DaemonClient } from "./daemon_client.ts";
import { type Keyring, systemKeyring } from "./keyring.ts";
import { joinKeys, splitKeys } from "./keyring_keys.ts";
import { takeLaunchLock } from "./launch_lock.ts";

const LOCK_TIMEOUT_MS = 30_000;

/** How the new key is come by. */
export interface RotateOptions {
  /** The new master key, where the person keeps it; null where it is made. */
  readonly newKey: Secret | null;
  /** Left out: the system's. */
  readonly keyring?: Keyring | null;
}

/**
 * Changes data key and master key of the daemon's vault.
 *
 * @throws {MasterKeyError} when the keyring does not take the new key; nothing was changed.
 * @throws {OperationNotAllowedError} for the keyring of another machine.
 */
export async function rotateMasterKey(
  client: DaemonClient,
  source: MasterKeySource,
  settings: Settings,
  { newKey, keyring = systemKeyring() }: RotateOptions,
): Promise<KeyRotation> {
  switch (source) {
    case "key_file":
      return await client.rotateKeys(null);
    case "keyring":
      return await rotateInKeyring(client, settings, keyring);
    case "passphrase":
    case "environment":
    case "environment_file":
      return await client.rotateKeys(newKey);
    default:
      return source satisfies never;
  }
}

/**
 * Whether the vault certainly has its old key. Where nothing was heard, or the disk failed, only the
 * next start of the daemon can tell which key fits, and needs both.
 */
function wasRefused(error: unknown): boolean {
  return error instanceof VaultSealError || error instanceof InvalidInputError ||
    error instanceof VaultConflictError;
}

async function rotateInKeyring(
  client: DaemonClient,
  settings: Settings,
  keyring: Keyring | null,
): Promise<KeyRotation> {
  if (settings.daemonUrl !== null) {
    throw new OperationNotAllowedError(
      "Cannot change the master key: it is in the keyring of the daemon's machine",
      { operation: "rotate", hint: "Run it there, without AUTHSOME_DAEMON_URL" },
    );
  }
  const paths = homePaths(settings.home);
  // Two commands at once would each forget the other's key, and so would a start of the daemon.
  using _lock = await takeLaunchLock(paths, LOCK_TIMEOUT_MS);
  const kept = await keyring?.lookUp(paths.home) ?? null;
  if (keyring === null || kept === null) {
    throw new MasterKeyError(
      "Cannot change the master key: the keyring does not give the old one",
      {
        hint: "Unlock the keyring, then run: authsome key rotate",
      },
    );
  }
  const key = new Secret(crypto.getRandomValues(new Uint8Array(32)).toHex());
  if (!await keyring.store(paths.home, joinKeys([...splitKeys(kept), key]))) {
    throw new MasterKeyError(
      "Cannot change the master key: the keyring does not take the new one",
      {
        hint: "Nothing was changed",
      },
    );
  }
  const rotation = await client.rotateKeys(key).catch(async (error: unknown) => {
    if (wasRefused(error)) await keyring.store(paths.home, kept);
    throw error;
  });
  // Should this fail, the next start of the daemon does it.
  await keyring.store(paths.home, key);
  return rotation;
}
