/**
 * A script in a process of its own, started as `authsome` is started: what commands are compared with.
 *
 * @module
 */
import { ROOT } from "../tests/support/temporary_home.ts";

/**
 * Runs the script at `path` to its end.
 *
 * @throws {Error} when it fails, with what it said.
 */
export async function runDenoScript(path: string, args: readonly string[] = []): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", path, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    throw new Error(`${path} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  }
}
