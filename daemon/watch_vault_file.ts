/**
 * Notices that the home was deleted, moved or replaced under a running daemon.
 *
 * Such a daemon answers for a vault that nobody can find any more, and holds the port against the one
 * of the home that comes next. What it is asked to write is refused by the vault itself
 * (`vault/file_identity.ts`).
 *
 * @module
 */
import { dirname } from "node:path";
import { fileIdentity } from "./vault/file_identity.ts";

/** Where the system reports nothing (a parent that is moved, a file system without events). */
const RECHECK_MS = 60_000;

/** Resolves with true once `path` is no longer the file it is now; with false when `signal` aborts. */
export async function vaultFileIsGone(path: string, signal: AbortSignal): Promise<boolean> {
  const opened = fileIdentity(path);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const check = () => {
    if (fileIdentity(path) !== opened) resolve(true);
  };
  using _timer = every(RECHECK_MS, check);
  using watcher = watch(dirname(path));
  signal.addEventListener("abort", () => resolve(false), { once: true });
  void follow(watcher, check);
  check();
  return await promise;
}

function every(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function watch(directory: string): Deno.FsWatcher | null {
  try {
    return Deno.watchFs(directory, { recursive: false });
  } catch {
    return null; // no watches left: the clock has to do
  }
}

/** The log beside the vault changes with every write; only names that come and go matter. */
async function follow(watcher: Deno.FsWatcher | null, check: () => void): Promise<void> {
  if (watcher === null) return;
  for await (const { kind } of watcher) {
    if (kind !== "modify" && kind !== "access") check();
  }
}
