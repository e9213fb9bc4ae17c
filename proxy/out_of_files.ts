/**
 * The answer when this process may open no more files: every connection is one.
 *
 * @module
 */
import { Refusal } from "./fail_closed.ts";

/** What mends it. */
export const MORE_FILES = "Send fewer requests at once, or raise the limit before: ulimit -n 65536";

/** Null when `cause` is something else. */
export function outOfFiles(authority: string, cause: unknown): Refusal | null {
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined;
  if (code !== "EMFILE" && code !== "ENFILE") return null;
  return new Refusal(
    503,
    "TooManyConnectionsError",
    `Cannot connect to ${authority}: this run has as many files and connections open as it may`,
    { hint: MORE_FILES, cause },
  );
}
