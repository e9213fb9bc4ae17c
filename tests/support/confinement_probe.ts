/**
 * Tries what the daemon must not be able to do, under the permissions it is started with, and prints
 * the names of what was not refused. Started by a test in `server/` of a home; the home is its argument.
 *
 * @module
 */
import { homePaths } from "../../core/paths.ts";
import { selfTest } from "../../daemon/confinement.ts";

const { allowed } = await selfTest(homePaths(Deno.args[0]!));
await new Blob([JSON.stringify(allowed)]).stream().pipeTo(Deno.stdout.writable);
Deno.exit(0);
