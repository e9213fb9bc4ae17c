/**
 * Notices that what the daemon holds of its home was deleted, moved or replaced under it.
 *
 * Without its vault it answers for one that nobody can find any more, and keeps the port from the
 * daemon of the home that comes next. Without its lock it is not the only one: the next command finds
 * no daemon and starts another on the same vault, and each would go on with what it knows. What it is
 * asked to write meanwhile is refused by the vault itself (`vault/file_identity.ts`).
 *
 * @module
 */
import { dirname } from "node:path";
import { fileIdentity } from "./vault/file_identity.ts";

/** A file that is open: its path, and which file that was then. */
export interface HeldFile {
  readonly path: string;
  readonly identity: string | null;
}

/** Where the system reports nothing (a parent that is moved, a file system without events). */
const RECHECK_MS = 60_000;

/** The file at `path` as it is now; call it where the file was opened just before. */
export function heldFile(path: string): HeldFile {
  return { path, identity: fileIdentity(path) };
}

/** The path of a file that is not what it was any more, as soon as there is one; null when `signal` aborts. */
export async function heldFileIsGone(
  files: readonly HeldFile[],
  signal: AbortSignal,
  recheckMs = RECHECK_MS,
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const check = () => {
    const gone = files.find(isGone);
    if (gone !== undefined) resolve(gone.path);
  };
  using _timer = every(recheckMs, check);
  using watcher = watch(watchedPaths(files));
  signal.addEventListener("abort", () => resolve(null), { once: true });
  void follow(watcher, new Set(files.map(({ path }) => path)), check);
  check();
  return await promise;
}

/**
 * What is watched for these files: the outermost directory, and files further in each by itself. Beside
 * the lock lies what the daemon writes for every request; a watch of that directory would wake another
 * thread and us each time, and make a request take a fifth longer.
 */
export function watchedPaths(files: readonly HeldFile[]): string[] {
  const paths = files.map(({ path }) => path);
  const [outermost] = paths.map((path) => dirname(path)).sort((a, b) => a.length - b.length);
  if (outermost === undefined) return [];
  return [outermost, ...paths.filter((path) => dirname(path) !== outermost)];
}

function isGone({ path, identity }: HeldFile): boolean {
  try {
    const now = fileIdentity(path);
    return now === null || now !== identity;
  } catch (error) {
    // Out of sight is not gone. Anything else in the way of a directory is.
    return !(error instanceof Deno.errors.PermissionDenied);
  }
}

function every(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function watch(paths: readonly string[]): Deno.FsWatcher | null {
  try {
    return Deno.watchFs([...paths], { recursive: false });
  } catch {
    return null; // no watches left, or gone already: the clock has to do
  }
}

/**
 * The log beside the vault changes with every write: of others only names that come and go matter. A
 * held file that lost its name is still there, because it is open; its link count has changed.
 */
async function follow(
  watcher: Deno.FsWatcher | null,
  held: ReadonlySet<string>,
  check: () => void,
): Promise<void> {
  if (watcher === null) return;
  for await (const { kind, paths } of watcher) {
    if (kind === "access") continue;
    if (kind !== "modify" || paths.some((path) => held.has(path))) check();
  }
}
