/**
 * One launcher at a time: two commands that both find no daemon must not start two.
 *
 * @module
 */
import { DaemonUnavailableError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";

const RETRY_MS = 10;

/**
 * Holds `server/daemon/launch.lock` until disposed. The system frees it when the holder dies, and
 * processes started meanwhile do not inherit it.
 *
 * @throws {DaemonUnavailableError} when another command has held it for `timeoutMs`.
 */
export async function takeLaunchLock(paths: HomePaths, timeoutMs: number): Promise<Disposable> {
  const path = `${paths.server.daemon}/launch.lock`;
  const file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
  const until = Date.now() + timeoutMs;
  while (!file.tryLockSync(true)) {
    if (Date.now() > until) {
      file.close();
      throw new DaemonUnavailableError(
        "Cannot start the daemon: another authsome command has been starting it for too long",
        { hint: "Run: authsome daemon status" },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return { [Symbol.dispose]: () => file.close() };
}
