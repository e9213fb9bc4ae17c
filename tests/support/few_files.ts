/**
 * Programs of this checkout that may open few files: every connection is one.
 *
 * @module
 */

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Starts a program that may have `files` open; its standard output is piped. */
export function startWithFewFiles(program: URL, files: number): Deno.ChildProcess {
  const deno = [Deno.execPath(), "run", "--quiet", "-A", `--config=${CONFIG}`, program.pathname];
  return new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${files}; exec "$@"`, "sh", ...deno],
    stdout: "piped",
  }).spawn();
}
