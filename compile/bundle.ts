/**
 * `deno task bundle`: the entries, and what they load later, as JavaScript below `dist/`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { laterPaths } from "./later_modules.ts";

const ENTRIES = ["cli.ts", "cli/main_modules.ts", "daemon/main.ts", "daemon/relay_main.ts"];

if (import.meta.main) {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "deno", "--outdir", "dist", "--code-splitting"],
      ...ENTRIES,
      ...laterPaths(),
    ],
    cwd: fileURLToPath(new URL("../", import.meta.url)),
  }).spawn().status;
  Deno.exit(code);
}
