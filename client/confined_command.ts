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
 * Names of the compiled siblings of `authsome`. [not run]: no compiled release could be made here.
 * Their permissions are relative to the working directory, which is `server/`:
 * `deno compile --allow-net=127.0.0.1 --allow-read=. --allow-write=. -o authsomed daemon/main.ts` and
 * `deno compile --allow-net -o authsome-relay daemon/relay_main.ts`. The ports are not known when they
 * are built, so that daemon may use all of 127.0.0.1.
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
