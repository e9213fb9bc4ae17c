/**
 * Whether the open vault is still the file that its path names.
 *
 * Whoever deletes a home, or puts a copy in the place of the vault, leaves a running daemon with a
 * file that has no name: what is written to it is acknowledged, on disk, and gone with the process.
 *
 * @module
 */
import { StoreUnavailableError } from "../../core/errors.ts";

/** Device and inode of the file at `path`; null where there is none. */
export function fileIdentity(path: string): string | null {
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Makes sure that `path` still names the file that was opened.
 *
 * @throws {StoreUnavailableError} when it was removed, moved or replaced.
 */
export function checkIdentity(path: string, opened: string | null): void {
  const now = fileIdentity(path);
  if (now === opened && now !== null) return;
  const state = now === null
    ? "its file was removed while it was open"
    : "its file was replaced while it was open";
  throw new StoreUnavailableError(`Cannot write the vault ${path}: ${state}`, {
    hint: "Run: authsome daemon restart",
  });
}
