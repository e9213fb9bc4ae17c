/**
 * `authsome remove` asks before it takes connections with it.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-proj-0123456789abcdefghijklmn";

/** Names of the connections there are to OpenAI. */
async function connectionsOf(home: TemporaryHome): Promise<string[]> {
  const { stdout } = await runCli(home, ["inspect", "openai", "--json"]);
  const { connections } = JSON.parse(stdout) as { connections: { connection_name: string }[] };
  return connections.map(({ connection_name }) => connection_name);
}

Deno.test("remove of a bundled provider forgets no key where nobody can be asked", async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: KEY });

    const { code, stderr } = await runCli(home, ["remove", "openai"]);

    equal(code, 2);
    match(stderr, /Cannot remove openai: 1 connection would go with it, and nobody can be asked/);
    match(stderr, /→ Run: authsome remove openai --yes/);
    deepEqual(await connectionsOf(home), ["default"]);
  });
});

Deno.test("remove --yes asks nobody", async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: KEY });

    const { code, stdout } = await runCli(home, ["remove", "openai", "--yes"]);

    deepEqual([code, stdout], [0, "Reset openai to its bundled definition\n"]);
    deepEqual(await connectionsOf(home), []);
  });
});

Deno.test({
  name: "remove asks a person, and Enter alone means no",
  ignore: !HAS_TERMINAL,
  fn: () =>
    withHome(async (home) => {
      await runCli(home, ["login", "openai", "--stdin"], { input: KEY });

      const { code, screen } = await onTerminal(home, ["remove", "openai"], [
        { expect: "1 connection of openai will be revoked and forgotten" },
        { expect: "Go on? [y/N]", send: "\r" },
      ]);

      equal(code, 0);
      match(screen, /Nothing changed/);
      deepEqual(await connectionsOf(home), ["default"]);
    }),
});
