/**
 * Whether a home can be trusted: no symlinks, nobody else's files, no modes that let others in.
 *
 * Deno's permission flags follow a symlink inside an allowed directory, reading and writing, so one
 * link in the home undoes the daemon's confinement. The command line audits the whole home before it
 * starts anything; the daemon audits `server/`, the only part it sees. Reading is passed in: this
 * module touches nothing itself.
 *
 * @module
 */
import { UnsafeHomeError } from "./errors.ts";

/** What is known of one entry; the shape of `Deno.FileInfo`. */
export interface HomeEntry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly mode: number | null;
  readonly uid: number | null;
}

/** How the audit reads. Both may throw when an entry has gone meanwhile; `lstat` then returns null. */
export interface HomeReader {
  lstat(path: string): HomeEntry | null;
  list(dir: string): Iterable<string>;
  /** The user everything must belong to; null where there are no numeric users (Windows). */
  readonly uid: number | null;
}

/** Deeper than this nothing of ours lies. */
const MAX_DEPTH = 6;

/**
 * Walks `dir` and everything below it; a missing `dir` is fine.
 *
 * @throws {UnsafeHomeError} for the first entry that is a symlink, belongs to somebody else, is open
 * to group or others, or is neither a file nor a directory; the hint is the command that mends it.
 */
export function auditHome(dir: string, reader: HomeReader): void {
  for (const problem of homeProblems(dir, reader)) throw problem;
}

/** Everything that is wrong with `dir` and what lies below it, found as it is asked for. */
export function* homeProblems(
  dir: string,
  reader: HomeReader,
  depth = 0,
): Generator<UnsafeHomeError> {
  let names: Iterable<string>;
  try {
    const entry = reader.lstat(dir);
    if (entry === null) return;
    const problem = judgeEntry(dir, entry, reader.uid);
    if (problem !== null) yield problem;
    if (!entry.isDirectory) return;
    if (depth === MAX_DEPTH) {
      return yield new UnsafeHomeError(`Cannot use ${dir}: nothing of authsome lies that deep`, {
        hint: `Run: rm -r ${quote(dir)}`,
      });
    }
    names = reader.list(dir);
  } catch (error) {
    if (!(error instanceof UnsafeHomeError)) throw error;
    return yield error;
  }
  for (const name of names) yield* homeProblems(`${dir}/${name}`, reader, depth + 1);
}

function judgeEntry(path: string, entry: HomeEntry, uid: number | null): UnsafeHomeError | null {
  if (entry.isSymlink) {
    return new UnsafeHomeError(`Cannot use ${path}: it is a symlink, which leads out of the home`, {
      hint: `Run: rm ${quote(path)}`,
    });
  }
  if (!entry.isDirectory && !entry.isFile) {
    return new UnsafeHomeError(`Cannot use ${path}: it is neither a file nor a directory`, {
      hint: `Run: rm ${quote(path)}`,
    });
  }
  if (uid === null) return null;
  if (entry.uid !== null && entry.uid !== uid) {
    return new UnsafeHomeError(`Cannot use ${path}: it belongs to user ${entry.uid}, not to you`, {
      hint: "Set AUTHSOME_HOME to a directory of your own",
    });
  }
  const mode = entry.mode === null ? 0 : entry.mode & 0o7777;
  if ((mode & 0o077) !== 0) {
    const wanted = entry.isDirectory ? "700" : "600";
    return new UnsafeHomeError(
      `Cannot use ${path}: its mode ${mode.toString(8).padStart(4, "0")} lets other users in`,
      { hint: `Run: chmod ${wanted} ${quote(path)}` },
    );
  }
  return null;
}

/** Quoted for a shell where it must be. */
function quote(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
