/**
 * Text of ours inside a shell script.
 *
 * @module
 */

/** `text` as one word of a POSIX shell, or of fish when `shell` says so. */
export function shellWord(text: string, shell: "posix" | "fish" = "posix"): string {
  return shell === "fish"
    ? `'${text.replace(/[\\']/g, "\\$&")}'`
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
