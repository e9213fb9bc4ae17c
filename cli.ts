/**
 * The command line: `deno install -g -A jsr:@authsome/cli`, then `authsome --help`.
 *
 * @module
 */
// The types alone. `deno install` caches what they lead to, so that the daemon, the relay and the
// commands start from the cache; `deno run` does not load them, so that `--version` costs nothing.
import type * as commandLine from "./cli/main_modules.ts";
import type {} from "./daemon/main.ts";
import type {} from "./daemon/relay_main.ts";
import { missingPermissions, tellMissingPermissions } from "./cli/missing_permissions.ts";
import { VERSION } from "./core/version.ts";

if (import.meta.main) {
  const only = Deno.args.length === 1 ? Deno.args[0] : undefined;
  if (only === "--version" || only === "-v") {
    Deno.stdout.writeSync(new TextEncoder().encode(`authsome ${VERSION}\n`));
  } else {
    const missing = missingPermissions();
    if (missing.length > 0) {
      const json = Deno.args.includes("--json");
      const text = new TextEncoder().encode(tellMissingPermissions(missing, json));
      (json ? Deno.stdout : Deno.stderr).writeSync(text);
      Deno.exit(1);
    }
    // Not a literal: Deno would read and parse every module behind it before this file runs.
    const entry = import.meta.url.replace(/cli(\.[jt]s)$/, "cli/main_modules$1");
    const { main }: typeof commandLine = await import(entry);
    Deno.exit(await main(Deno.args));
  }
}
