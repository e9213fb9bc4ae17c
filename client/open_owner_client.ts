/**
 * The library's way to a ready client. What needs Deno (files, processes) is loaded when it is called,
 * so that the library loads in Node.js and Bun, too; the command line loads `owner_client.ts` itself.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import type { DaemonClient } from "./daemon_client.ts";
import type { LaunchOptions } from "./launch.ts";

/**
 * A client that signs as the active identity. Starts the daemon and makes an identity where there is
 * none yet; `options.note` is told of either. A daemon of another machine asks its owner first.
 *
 * @throws {DaemonUnavailableError} when the daemon cannot be started.
 * @throws {IdentityNotFoundError} when the identity that should be used has no key here.
 */
export async function openOwnerClient(
  settings: Settings,
  options: LaunchOptions = {},
): Promise<DaemonClient> {
  const { openOwnerClient } = await import("./owner_client.ts");
  return await openOwnerClient(settings, options);
}
