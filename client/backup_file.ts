/**
 * Backup files, wherever the person wants them: written whole or not at all, readable by nobody else,
 * and never over something else by accident.
 *
 * @module
 */
import { dirname } from "node:path";
import { MAX_BACKUP_BYTES } from "../core/backup_size.ts";
import { InvalidInputError, StoreUnavailableError } from "../core/errors.ts";

/**
 * Makes sure, before anybody is asked for a passphrase, that a backup can be written to `path`.
 *
 * @throws {InvalidInputError} when something is there, unless `force`; when it is no place for a file.
 */
export async function checkBackupPlace(path: string, force: boolean): Promise<void> {
  let info: Deno.FileInfo | null;
  try {
    info = await lstatIfAny(path);
    if (info === null) await Deno.stat(dirname(path));
  } catch (cause) {
    throw new InvalidInputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
  if (info === null) return;
  if (info.isDirectory) {
    throw new InvalidInputError(`Cannot write ${path}: it is a directory`, {
      hint: `Name a file in it: authsome backup ${path.replace(/\/+$/, "")}/authsome.backup`,
    });
  }
  if (!force) throw exists(path);
  // A pipe or a device would be replaced by the file, and whoever reads from it gets nothing.
  if (!info.isFile && !info.isSymlink) {
    throw new InvalidInputError(`Cannot write ${path}: it is not a file`);
  }
}

/**
 * Writes a backup (mode 0600) beside its place, syncs it, and gives it its name.
 *
 * @throws {InvalidInputError} when something is there meanwhile, unless `force`.
 * @throws {StoreUnavailableError} when it cannot be written; nothing is left of it then.
 */
export async function writeBackupFile(
  path: string,
  bytes: Uint8Array,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = `${directory}/.${crypto.randomUUID()}.tmp`;
  let isReserved = false;
  try {
    // O_EXCL: made by nobody but us, with its final mode.
    using file = await Deno.open(temporary, { createNew: true, write: true, mode: 0o600 });
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    await file.sync();
    if (!force) {
      await reserve(path);
      isReserved = true;
    }
    // In place of a link, too: never through it.
    await Deno.rename(temporary, path);
    isReserved = false;
    await syncDirectory(directory);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    // An empty file under a backup's name would be taken for one.
    if (isReserved) await Deno.remove(path).catch(() => {});
    if (cause instanceof InvalidInputError) throw cause;
    throw new StoreUnavailableError(`Cannot write ${path}: ${reason(cause)}`, {
      hint: "Name another place, or make room there; there is no backup",
      cause,
    });
  }
}

/**
 * A backup's bytes.
 *
 * @throws {InvalidInputError} when there is no such file, or it is larger than a backup can be.
 * @throws {StoreUnavailableError} when it cannot be read.
 */
export async function readBackupFile(path: string): Promise<Uint8Array> {
  const cannot = (state: string) => new InvalidInputError(`Cannot read ${path}: ${state}`);
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw cannot("it is not a file");
    if (size > MAX_BACKUP_BYTES) {
      throw cannot(`it is larger than a backup can be (${MAX_BACKUP_BYTES >> 20} MiB)`);
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    if (cause instanceof Deno.errors.NotFound) throw cannot("there is no such file");
    throw new StoreUnavailableError(`Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** Takes the name: of two that write to one place one wins. A rename alone would replace the other's. */
async function reserve(path: string): Promise<void> {
  try {
    (await Deno.open(path, { createNew: true, write: true, mode: 0o600 })).close();
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) throw exists(path);
    throw cause;
  }
}

async function syncDirectory(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // has no way to, and needs none
  using directory = await Deno.open(path, { read: true });
  await directory.sync();
}

async function lstatIfAny(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw cause;
  }
}

function exists(path: string): InvalidInputError {
  return new InvalidInputError(`Cannot write ${path}: it exists`, {
    hint: "Name another file, or replace it: --force",
  });
}

/** `Permission denied (os error 13): open '/x'` → `permission denied`. */
function reason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such directory";
  const text = cause instanceof Error ? cause.message : String(cause);
  const bare = text.replace(/ \(os error \d+\).*$/s, "");
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}
