/**
 * One program for one system.
 *
 * @module
 */
import { laterPaths } from "./later_modules.ts";
import type { Program } from "./programs.ts";

const ROOT = new URL("../", import.meta.url);

/**
 * Compiles `program` for `target` into `directory`.
 *
 * @returns What `deno compile` said when it failed; null when the file is there.
 */
export async function compileProgram(
  program: Program,
  target: string,
  directory: string,
): Promise<string | null> {
  const suffix = target.includes("windows") ? ".exe" : "";
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", "--no-check", "--frozen", "--exclude-unused-npm"],
      ...["--target", target, "--output", `${directory}/${program.name}${suffix}`],
      ...program.permissions,
      ...(program.loadsLater ? laterPaths().map((path) => `--include=${path}`) : []),
      program.entry,
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  return success ? null : new TextDecoder().decode(stderr).trim();
}

/** How to go on where `deno compile` could not fetch the runtime that it puts into every program. */
export function howToSupplyRuntime(target: string, version: string = Deno.version.deno): string {
  const archive = `denort-${target}.zip`;
  return `deno compile puts a small runtime into each program and fetches it once for each system.
Where it cannot be fetched, do one of these and run the task again:
  - download ${archive} of Deno ${version} elsewhere and place it, as it is, at
      $DENO_DIR/dl/release/v${version}/${archive}
    (deno info shows DENO_DIR)
  - unpack it and name the file: DENORT_BIN=/path/to/denort deno task compile ${target}`;
}
