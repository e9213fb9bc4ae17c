/**
 * What the daemon reads of its home when it starts, besides the vault.
 *
 * @module
 */
import { parseServerConfig, type ServerConfig } from "../core/config.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { Secret } from "../core/secret.ts";

/** Settings and the registration token. */
export interface DaemonSettings {
  readonly config: ServerConfig;
  readonly registrationToken: Secret;
}

/**
 * Reads `server/config.json` and `server/registration.token`.
 *
 * @throws {UsageError} for a setting that cannot be used.
 * @throws {StoreUnavailableError} when the token is missing: whoever prepares the home makes it.
 */
export function readDaemonSettings({ server }: HomePaths): DaemonSettings {
  const token = readText(server.registrationToken)?.trim() ?? "";
  if (token.length < 32) {
    throw new StoreUnavailableError(
      `Cannot start: ${server.registrationToken} is missing or cut short`,
      { hint: `Run: rm -f ${server.registrationToken} && authsome daemon restart` },
    );
  }
  return {
    config: parseServerConfig(readText(server.config)),
    registrationToken: new Secret(token),
  };
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new StoreUnavailableError(`Cannot read ${path}: it cannot be opened`, { cause });
  }
}
