/**
 * The command line: `deno install -g -A jsr:@authsome/cli`, then `authsome --help`.
 *
 * @module
 */
import { VERSION } from "./core/version.ts";

/**
 * Never called. `client/launch.ts` starts the daemon and the relay as processes of their own from
 * the cache; `deno install` caches only what this file's imports reach, so they are named here.
 */
export const loadDaemon = (): Promise<unknown> => import("./daemon/main.ts");
/** Never called; see {@linkcode loadDaemon}. */
export const loadRelay = (): Promise<unknown> => import("./daemon/relay_main.ts");

if (import.meta.main) {
  const only = Deno.args.length === 1 ? Deno.args[0] : undefined;
  if (only === "--version" || only === "-v") {
    Deno.stdout.writeSync(new TextEncoder().encode(`authsome ${VERSION}\n`));
  } else {
    const { main } = await import("./cli/main.ts");
    Deno.exit(await main(Deno.args));
  }
}
