/**
 * The directory of one run: public certificates and settings that the child's runtimes read. No secret
 * of ours is ever in it (the owner's wgetrc goes along). Removed when the run ends; what a killed run
 * left behind, the next one removes. A run holds a lock in it as long as it lives, which the kernel
 * lets go however it ends: the number of a process says little where containers share a temporary
 * directory.
 *
 * Systems tidy their temporary directories: what nobody has touched for some days (three on macOS,
 * ten with systemd) is removed. A run may last longer, and its child would trust nothing any more; so
 * the run touches its files.
 *
 * @module
 */
import { StoreUnavailableError } from "../core/errors.ts";

/** A directory that only its owner may enter. */
export interface RunDirectory {
  readonly path: string;
  /** Writes a file (0600), one part behind the other, and returns its path. */
  write(name: string, ...parts: readonly (string | Uint8Array)[]): string;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

const PREFIX = "authsome-run-";
/** Often: a machine that was asleep for days tidies up soon after it wakes. */
const TOUCH_MS = 15 * 60_000;
const OWN_NAME = new RegExp(`^${PREFIX}(\\d+)-`);
const LOCK = "lock";

/** What a test does not wait for. */
export interface RunDirectoryOptions {
  /** Default: a quarter of an hour. */
  readonly touchMs?: number;
}

/**
 * Makes the directory. Here and in what it gives, files are touched at once, not on another thread:
 * they are few and small, and the child waits for them.
 *
 * @throws {StoreUnavailableError} when there is no place to write, a full disk included.
 */
export function createRunDirectory(
  parent?: string,
  { touchMs = TOUCH_MS }: RunDirectoryOptions = {},
): RunDirectory {
  let path: string;
  try {
    // The name tells whose it is: the process that is gone left it behind.
    // TMPDIR may be relative, and the child may change directory.
    path = Deno.realPathSync(Deno.makeTempDirSync({
      prefix: `${PREFIX}${Deno.pid}-`,
      ...(parent === undefined ? {} : { dir: parent }),
    }));
  } catch (cause) {
    throw unwritable("the temporary directory", cause);
  }
  const lock = holdLock(path);
  const timer = setInterval(() => touch(path), touchMs);
  Deno.unrefTimer(timer as unknown as number);
  return {
    path,
    write: (name, ...parts) => {
      const file = `${path}/${name}`;
      try {
        const folder = file.slice(0, file.lastIndexOf("/"));
        if (folder !== path) Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
        using opened = Deno.openSync(file, { createNew: true, write: true, mode: 0o600 });
        for (const part of parts) writeAll(opened, part);
      } catch (cause) {
        throw unwritable(file, cause);
      }
      return file;
    },
    remove: async () => {
      clearInterval(timer);
      lock?.close();
      await Deno.remove(path, { recursive: true }).catch(() => {});
    },
  };
}

/** The directory and everything in it, as if it had been used now. */
function touch(path: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(path, now, now);
    for (const { name, isDirectory } of Deno.readDirSync(path)) {
      const inside = `${path}/${name}`;
      if (isDirectory) touch(inside);
      else Deno.utimeSync(inside, now, now);
    }
  } catch {
    // Somebody removed it all the same: the child's next program says so.
  }
}

function writeAll(file: Deno.FsFile, part: string | Uint8Array): void {
  const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Null where there is no locking, or no room left: then the number in the name has to do. */
function holdLock(directory: string): Deno.FsFile | null {
  let file: Deno.FsFile | null = null;
  try {
    file = Deno.openSync(`${directory}/${LOCK}`, { createNew: true, write: true, mode: 0o600 });
    if (file.tryLockSync(true)) return file;
  } catch {
    // What needs the room as well, and the child needs, says so.
  }
  file?.close();
  return null;
}

/** Removes directories of runs that are gone (killed before they could tidy up). */
export async function removeLeftovers(parent: string): Promise<void> {
  // Another way of reading would load more of the runtime's program, for good.
  for (const entry of Deno.readDirSync(parent)) {
    const pid = OWN_NAME.exec(entry.name)?.[1];
    if (pid === undefined || !entry.isDirectory) continue;
    const path = `${parent}/${entry.name}`;
    const info = await Deno.lstat(path).catch(() => null);
    if (info?.uid !== Deno.uid() || isInUse(path, Number(pid))) continue;
    await Deno.remove(path, { recursive: true }).catch(() => {});
  }
}

/** The number counts only where no lock tells. */
function isInUse(directory: string, pid: number): boolean {
  try {
    using lock = Deno.openSync(`${directory}/${LOCK}`, { write: true });
    return !lock.tryLockSync(true);
  } catch {
    return isAlive(pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks.
    Deno.kill(pid, 0 as unknown as Deno.Signal);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function unwritable(what: string, cause: unknown): StoreUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailableError(
    `Cannot prepare the run: ${what} cannot be written (${reason})`,
    {
      hint: "Free some space, or point TMPDIR at a directory that you can write",
      cause,
    },
  );
}
