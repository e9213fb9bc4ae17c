/**
 * `client/config.json`: what the command line remembers between two commands.
 *
 * @module
 */
import { StoreUnavailableError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import { makePrivateDirectory, readPrivateFile, replacePrivateFile } from "./private_file.ts";

/** The file's content. */
export interface ClientConfig {
  readonly version: 1;
  /** Handle of the identity in use; null before the first one. */
  readonly active_identity: string | null;
}

/**
 * The configuration of a home; defaults when there is none.
 *
 * @throws {StoreUnavailableError} when it is damaged: it is never silently replaced.
 */
export async function readClientConfig(home: string): Promise<ClientConfig> {
  const path = homePaths(home).client.config;
  const text = await readPrivateFile(path);
  if (text === null) return { version: 1, active_identity: null };
  try {
    const { active_identity = null } = JSON.parse(text) as { active_identity?: unknown };
    if (active_identity === null || typeof active_identity === "string") {
      return { version: 1, active_identity };
    }
  } catch { /* said below */ }
  throw new StoreUnavailableError(`Cannot read ${path}: it is not what authsome writes there`, {
    hint: "Mend or delete the file, then run: authsome profile list",
  });
}

/** Writes the configuration of a home. */
export async function writeClientConfig(home: string, config: ClientConfig): Promise<void> {
  const { dir, config: path } = homePaths(home).client;
  await makePrivateDirectory(dir);
  await replacePrivateFile(path, `${JSON.stringify(config, null, 2)}\n`);
}
