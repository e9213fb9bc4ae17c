/**
 * A home that may not be written: every command says so and ends, and nothing is left half made.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { AUTHSOME, runProgram } from "../support/run_cli.ts";
import { CAN_BE_REFUSED, WITHOUT_OVERRIDE } from "../support/refused_by_modes.ts";
import { withHome } from "../support/temp_home.ts";

Deno.test({
  name: "a home that may not be written is told by its path, and nothing is begun",
  ignore: !CAN_BE_REFUSED,
  fn: () =>
    withHome(async (home) => {
      const closed = `${home.directory}/closed`;
      await Deno.mkdir(closed, { mode: 0o500 });
      for (const args of [["init"], ["list"], ["login", "openai", "--stdin"], ["run", "true"]]) {
        const { code, stdout } = await runProgram(
          home,
          [...WITHOUT_OVERRIDE, ...AUTHSOME, "--json", ...args],
          { env: { AUTHSOME_HOME: `${closed}/home` }, input: "sk-proj-0123456789abcdefghijklmn" },
        );
        const { error, message, hint } = JSON.parse(stdout);

        deepEqual([code, error], [1, "StoreUnavailableError"], args.join(" "));
        match(message, /^Cannot (make|write) .*\/closed\/home.*: permission denied$/);
        equal(typeof hint, "string");
        deepEqual([...Deno.readDirSync(closed)], []);
      }
    }),
});
