/**
 * The command that starts the daemon or the relay: `deno run` with the flags, or, from a compiled
 * release, a binary beside this one that had them baked in when it was built.
 *
 * @module
 */
import type { Flag } from "./daemon_flags.ts";

/** A program and its arguments. */
export interface ConfinedCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Names of the compiled siblings of `authsome`, made by `deno task compile`. [not run]: the runtime
 * that goes into them could not be fetched here. Their permissions (`compile/programs.ts`) are
 * relative to the working directory, which is `server/`.
 */
const SIBLING = { daemon: "authsomed", relay: "authsome-relay" } as const;

/**
 * The command for `entry`. The home is its only argument: it is for people who read `ps`, and for
 * `processes.ts`, which tells by it that the process is ours.
 */
export function confinedCommand(
  role: keyof typeof SIBLING,
  entry: string,
  flags: readonly Flag[],
  home: string,
): ConfinedCommand {
  const runtime = Deno.execPath();
  if (Deno.build.standalone) {
    const directory = runtime.replace(/[^/\\]*$/, "");
    const suffix = Deno.build.os === "windows" ? ".exe" : "";
    return { program: `${directory}${SIBLING[role]}${suffix}`, args: [home] };
  }
  return { program: runtime, args: ["run", ...flags.map(({ flag }) => flag), entry, home] };
}
