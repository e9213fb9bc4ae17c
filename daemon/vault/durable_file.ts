/**
 * Files that are whole or not there, after a crash at any point: written beside their place, synced,
 * put in place in one step, and the directory synced, so that the step itself is durable.
 *
 * @module
 */

/** Puts `bytes` at `path` (mode 0600), in place of what is there. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  putInPlace(writeBeside(path, bytes), path);
  syncDirectory(path);
}

/**
 * The same without the syncs, for what means nothing any more when the machine has crashed: whole for
 * everyone who reads it, and two waits for the disk less each time.
 */
export function replaceVolatileFile(path: string, bytes: Uint8Array): void {
  putInPlace(writeBeside(path, bytes, { sync: false }), path);
}

/**
 * Puts `bytes` at `path` (mode 0600) where nothing is.
 *
 * @throws {Deno.errors.AlreadyExists} when something is there, a symlink included.
 */
export function createFile(path: string, bytes: Uint8Array): void {
  publishFile(writeBeside(path, bytes), path);
}

/**
 * Gives a finished, synced file its name, unless something has it.
 *
 * A hard link fails on an existing name where a rename would replace it: of two processes that make
 * the same file, one wins and the other notices.
 *
 * @throws {Deno.errors.AlreadyExists} when something is there; `temporary` is removed in any case.
 */
export function publishFile(temporary: string, path: string): void {
  try {
    Deno.linkSync(temporary, path);
  } finally {
    removeIfThere(temporary);
  }
  syncDirectory(path);
}

/** Removes a file; gives whether it was there. */
export function removeIfThere(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Makes what was written to `path` durable. */
export function syncFile(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  file.syncSync();
}

/** Makes the creation, renaming or removal of `path` durable. */
export function syncDirectory(path: string): void {
  // Windows has no way to sync a directory, and needs none.
  if (Deno.build.os === "windows") return;
  using directory = Deno.openSync(path.replace(/\/[^/]*$/, "") || "/", { read: true });
  directory.syncSync();
}

function putInPlace(temporary: string, path: string): void {
  try {
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

function writeBeside(path: string, bytes: Uint8Array, { sync = true } = {}): string {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  using file = Deno.openSync(temporary, { createNew: true, write: true, mode: 0o600 });
  try {
    let written = 0;
    while (written < bytes.length) written += file.writeSync(bytes.subarray(written));
    if (sync) file.syncSync();
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  return temporary;
}
