/**
 * One daemon for a home: an exclusive lock on `server/daemon/daemon.lock`, held for life. The kernel
 * lets it go when the process ends, however it ends.
 *
 * @module
 */
import { StoreUnavailableError } from "../../core/errors.ts";

/** The lock, while it is held. */
export interface SingleInstance {
  /** Lets another process have it. */
  release(): void;
}

/**
 * Takes the lock; `pid` is written into the file for people to read.
 *
 * @throws {StoreUnavailableError} when another process holds it, or the file cannot be written.
 */
export function holdSingleInstance(path: string, pid: number): SingleInstance {
  let file: Deno.FsFile;
  try {
    // Not truncated: until the lock is ours, the number in it is the holder's.
    file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (cause) {
    throw new StoreUnavailableError(`Cannot lock ${path}: the file cannot be written`, { cause });
  }
  if (!file.tryLockSync(true)) {
    const holder = readNumber(file);
    file.close();
    const who = holder === "" ? "another daemon" : `the daemon with process id ${holder}`;
    throw new StoreUnavailableError(`Cannot use this home: ${who} is using it`, {
      hint: "Run: authsome daemon status",
    });
  }
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(`${pid}\n`));
  return { release: () => file.close() };
}

function readNumber(file: Deno.FsFile): string {
  const bytes = new Uint8Array(32);
  const length = file.readSync(bytes) ?? 0;
  return /^\d+/.exec(new TextDecoder().decode(bytes.subarray(0, length)))?.[0] ?? "";
}
