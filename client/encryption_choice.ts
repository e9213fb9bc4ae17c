/**
 * Chooses where the vault's master key comes from, before there is a vault.
 *
 * @module
 */
import { type EncryptionMode, parseServerConfig, type Settings } from "../core/config.ts";
import { OperationNotAllowedError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import { prepareHome } from "./home.ts";
import { readPrivateFile, replacePrivateFile } from "./private_file.ts";

/**
 * Writes `encryption.mode` into `server/config.json`.
 *
 * @throws {OperationNotAllowedError} when a vault exists that is encrypted otherwise.
 */
export async function chooseEncryption(settings: Settings, mode: EncryptionMode): Promise<void> {
  const paths = homePaths(settings.home);
  prepareHome(paths);
  const config = parseServerConfig(await readPrivateFile(paths.server.config));
  if (config.encryption.mode === mode) return;
  if (await exists(paths.server.vault)) {
    throw new OperationNotAllowedError(
      `Cannot change the encryption to ${mode}: the vault exists already`,
      { hint: "Choose before the first login, or in a new home (AUTHSOME_HOME)" },
    );
  }
  const text = JSON.stringify({ ...config, encryption: { mode } }, null, 2);
  await replacePrivateFile(paths.server.config, `${text}\n`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
