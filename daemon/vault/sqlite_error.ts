/**
 * What SQLite reports, in our words.
 *
 * @module
 */
import { StoreUnavailableError } from "../../core/errors.ts";

/** Primary result codes (sqlite.org/rescode.html) that a person can do something about. */
const REASON: Readonly<Record<number, { state: string; hint?: string }>> = {
  5: { state: "another process is writing to it", hint: "Run: authsome daemon status" },
  6: { state: "another process is writing to it", hint: "Run: authsome daemon status" },
  8: { state: "it may not be written to", hint: "Check the owner and the mode of the file" },
  10: { state: "the disk reports an error" },
  11: { state: "the file is damaged", hint: "Restore it from a backup; it was left as it is" },
  13: { state: "the disk is full", hint: "Free some space; nothing was changed" },
  14: { state: "the file cannot be opened", hint: "Check the owner and the mode of the file" },
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
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (code !== "ERR_SQLITE_ERROR") return null;
  // Extended codes keep the primary one in their lowest byte.
  if (typeof errcode === "number") return errcode & 0xff;
  return CODE_OF_MESSAGE.find(([text]) => text.test(error.message))?.[1] ?? 1;
}

/**
 * An error met while doing `what` (`read the vault`) to the file at `path`: SQLite's and the file
 * system's become a {@linkcode StoreUnavailableError}, others stay what they are.
 */
export function storeError(what: string, path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  const refused = error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
  if (code === null && !refused) return error;
  const { state, hint } = refused
    ? { state: "permission denied", hint: "Check the owner and the mode of the file" }
    : REASON[code ?? 1] ?? { state: "SQLite reports an error" };
  return new StoreUnavailableError(`Cannot ${what} ${path}: ${state}`, { cause: error, hint });
}
