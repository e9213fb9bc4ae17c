/**
 * Where the vault's master key comes from, decided by whoever starts the daemon: environment,
 * keyring, passphrase, key file, in this order, as far as `encryption.mode` allows.
 *
 * The daemon itself has no environment, no keyring and no terminal: it is handed the key.
 *
 * @module
 */
import type { DaemonBoot } from "../core/boot.ts";
import type { EncryptionMode, Settings } from "../core/config.ts";
import { MasterKeyError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { Secret } from "../core/secret.ts";
import { type Keyring, systemKeyring } from "./keyring.ts";
import { keyringBoot } from "./keyring_keys.ts";

/** Asks the person for the passphrase; null when they gave up. */
export type PromptPassphrase = (
  request: {
    /** True the first time: ask twice, a typing mistake would lock the vault for good. */
    readonly confirm: boolean;
  },
) => Promise<Secret | null>;

/** What the decision needs besides settings and paths. */
export interface MasterKeyOptions {
  readonly mode: EncryptionMode;
  readonly promptPassphrase?: PromptPassphrase | undefined;
  /** Left out: the system's. */
  readonly keyring?: Keyring | null;
}

/**
 * The master key as the daemon's boot line carries it.
 *
 * @throws {MasterKeyError} when the source that was chosen gives none.
 */
export async function findMasterKey(
  settings: Settings,
  paths: HomePaths,
  options: MasterKeyOptions,
): Promise<DaemonBoot["master_key"]> {
  if (settings.masterKey !== null) {
    return { source: "environment", secret: settings.masterKey.reveal() };
  }
  if (settings.masterKeyFile !== null) {
    return { source: "environment_file", secret: readKeyFile(settings.masterKeyFile) };
  }
  const keyring = options.keyring === undefined ? systemKeyring() : options.keyring;
  switch (options.mode) {
    case "local_key":
      return { source: "key_file", secret: null };
    case "passphrase":
      return { source: "passphrase", secret: await askPassphrase(paths, options) };
    case "keyring":
      return keyringBoot(await fromKeyring(paths, keyring));
    case "auto": {
      // A key file says that this home uses it; asking the keyring might open a dialog for nothing.
      if (exists(paths.server.masterKey)) return { source: "key_file", secret: null };
      const kept = await keyring?.lookUp(paths.home) ?? null;
      return kept === null ? { source: "key_file", secret: null } : keyringBoot(kept);
    }
    default:
      return options.mode satisfies never;
  }
}

function readKeyFile(path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path).trim();
  } catch (cause) {
    throw new MasterKeyError(`Cannot read the master key: ${path} cannot be read`, {
      hint: "Set AUTHSOME_MASTER_KEY_FILE to the file that holds it",
      cause,
    });
  }
  if (text === "") throw new MasterKeyError(`Cannot read the master key: ${path} is empty`);
  return text;
}

async function askPassphrase(paths: HomePaths, options: MasterKeyOptions): Promise<string> {
  if (options.promptPassphrase === undefined) {
    throw new MasterKeyError(
      "Cannot unlock the vault: it needs a passphrase and there is no terminal",
      {
        hint: "Run: authsome daemon start    in a terminal",
      },
    );
  }
  const passphrase = await options.promptPassphrase({ confirm: !exists(paths.server.vault) });
  if (passphrase === null || passphrase.isEmpty) {
    throw new MasterKeyError("Cannot unlock the vault: no passphrase was given");
  }
  return passphrase.reveal();
}

/** The kept key; made and kept when this home has no vault yet. */
async function fromKeyring(paths: HomePaths, keyring: Keyring | null): Promise<Secret> {
  const kept = await keyring?.lookUp(paths.home) ?? null;
  if (kept !== null) return kept;
  if (exists(paths.server.vault)) {
    throw new MasterKeyError("Cannot unlock the vault: the keyring holds no key for this home", {
      hint: "Unlock the keyring, then run: authsome daemon start",
    });
  }
  const made = new Secret(crypto.getRandomValues(new Uint8Array(32)).toHex());
  if (keyring === null || !await keyring.store(paths.home, made)) {
    throw new MasterKeyError("Cannot keep a master key: there is no keyring that takes it", {
      hint: 'Set "encryption": {"mode": "local_key"} in server/config.json',
    });
  }
  return made;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
