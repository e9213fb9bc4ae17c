/**
 * What SQLite and the file system report, in our words.
 *
 * @module
 */
import { StoreUnavailableError } from "../../core/errors.ts";

interface Reason {
  readonly state: string;
  readonly hint?: string;
}

const FULL: Reason = {
  state: "the disk is full",
  hint: "Free some space; nothing was changed",
};
const NOT_ALLOWED: Reason = {
  state: "permission denied",
  hint: "Check the owner and the mode of the file and its directory",
};

/** Primary result codes (sqlite.org/rescode.html) that a person can do something about. */
const REASON: Readonly<Record<number, Reason>> = {
  5: { state: "another process is writing to it", hint: "Run: authsome daemon status" },
  6: { state: "another process is writing to it", hint: "Run: authsome daemon status" },
  8: { ...NOT_ALLOWED, state: "it may not be written to" },
  10: { state: "the disk reports an error" },
  11: { state: "the file is damaged", hint: "Restore it from a backup; it was left as it is" },
  13: FULL,
  14: { ...NOT_ALLOWED, state: "the file cannot be opened" },
  26: { state: "the file is no vault", hint: "Restore it from a backup; it was left as it is" },
};

/** Where the binding gives no result code, its text says as much. */
const CODE_OF_MESSAGE: readonly (readonly [RegExp, number])[] = [
  [/database (table )?is locked/, 5],
  [/readonly database/, 8],
  [/disk I\/O error/, 10],
  [/malformed/, 11],
  [/database or disk is full/, 13],
  [/unable to open/, 14],
  [/not a database/, 26],
];

/** The result code of an error of `node:sqlite`; null when it is none. */
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (code !== "ERR_SQLITE_ERROR") return null;
  // Extended codes keep the primary one in their lowest byte.
  if (typeof errcode === "number") return errcode & 0xff;
  return CODE_OF_MESSAGE.find(([text]) => text.test(error.message))?.[1] ?? 1;
}

/** Errors of the file system, by the name that the system gives them. */
const SYSTEM_REASON: Readonly<Record<string, Reason>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: { state: "the file system is read-only" },
  ENOENT: { state: "its directory is missing" },
  EIO: { state: "the disk reports an error" },
};

/**
 * An error met while doing `what` (`read the vault`) to the file at `path`: SQLite's and the file
 * system's become a {@linkcode StoreUnavailableError}, others stay what they are.
 */
export function storeError(what: string, path: string, error: unknown): unknown {
  const reason = reasonOf(error);
  if (reason === null) return error;
  const { state, hint } = reason;
  return new StoreUnavailableError(`Cannot ${what} ${path}: ${state}`, { cause: error, hint });
}

function reasonOf(error: unknown): Reason | null {
  if (error instanceof Deno.errors.NotCapable) return NOT_ALLOWED;
  const sqlite = sqliteCode(error);
  if (sqlite !== null) return REASON[sqlite] ?? { state: "SQLite reports an error" };
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? SYSTEM_REASON[code] ?? null : null;
}
