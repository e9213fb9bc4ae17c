/**
 * Files of the client's half of the home: made with their final mode, read only when nobody else
 * could have written or read them.
 *
 * @module
 */
import { StoreUnavailableError, UnsafeHomeError } from "../core/errors.ts";

/**
 * Makes a file that does not exist yet, readable by its owner alone from the first moment on.
 *
 * @returns false when the file exists.
 * @throws {StoreUnavailableError} when it cannot be written.
 */
export async function createPrivateFile(path: string, text: string): Promise<boolean> {
  try {
    // O_EXCL: neither an existing file nor a symlink somebody put there is written through.
    await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return false;
    throw unwritable(path, cause);
  }
}

/**
 * Replaces a file in one step, so that a reader sees the old text or the new, never half of one.
 *
 * @throws {StoreUnavailableError} when it cannot be written.
 */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(temporary, { createNew: true, write: true, mode: 0o600 });
    await file.write(new TextEncoder().encode(text));
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw unwritable(path, cause);
  }
}

/**
 * The text of a file, or null when there is none.
 *
 * @throws {UnsafeHomeError} for a symlink, another user's file, or one that others may read.
 * @throws {StoreUnavailableError} when it cannot be read.
 */
export async function readPrivateFile(path: string): Promise<string | null> {
  try {
    refuseUnsafe(path, await Deno.lstat(path));
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    if (cause instanceof UnsafeHomeError) throw cause;
    throw new StoreUnavailableError(`Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** Makes a directory that only its owner may enter, and those above it. */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function refuseUnsafe(path: string, info: Deno.FileInfo): void {
  const fail = (state: string, hint: string) =>
    new UnsafeHomeError(`Cannot use ${path}: ${state}`, { hint });
  if (!info.isFile) throw fail("it is not a plain file", `Look at it: ls -l ${path}`);
  if (Deno.build.os === "windows") return; // modes and owners are the profile's access list there
  if (info.uid !== Deno.uid()) {
    throw fail("it belongs to another user", `Look at it: ls -l ${path}`);
  }
  if (info.mode !== null && (info.mode & 0o077) !== 0) {
    throw fail("other users may read or write it", `Run: chmod 600 ${path}`);
  }
}

function unwritable(path: string, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`Cannot write ${path}: ${reason(cause)}`, {
    hint: "Check that the disk has room and that the directory is yours",
    cause,
  });
}

/** `Permission denied (os error 13)` → `permission denied`. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const bare = text.replace(/ \(os error \d+\).*$/s, "").replace(/^.*: /s, "");
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}
