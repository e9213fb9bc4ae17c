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

/** A definition of one's own in front of the bundled one, and a login to it. */
async function logInToOwn(home: TemporaryHome): Promise<void> {
  const { stdout } = await runCli(home, ["inspect", "openai", "--json"]);
  const { display_name, auth_type, hosts, injection, fields } = JSON.parse(stdout);
  const definition = { name: "openai", display_name, auth_type, hosts, injection, fields };
  await Deno.writeTextFile(`${home.directory}/openai.json`, JSON.stringify(definition));
  const registered = await runCli(home, ["register", "openai.json", "--yes"]);
  equal(registered.code, 0, registered.stderr);
  await runCli(home, ["login", "openai", "--stdin"], { input: KEY });
}

for (const args of [["remove", "openai"], ["remove", "openai", "--yes"]]) {
  Deno.test(`${args.join(" ")}: what is bundled and not replaced stays, its login too`, async () => {
    await withHome(async (home) => {
      await runCli(home, ["login", "openai", "--stdin"], { input: KEY });

      const { code, stderr } = await runCli(home, args);

      equal(code, 4);
      match(stderr, /Cannot remove openai: it is bundled, and you registered nothing in its place/);
      match(stderr, /→ To forget the login: authsome logout openai/);
      deepEqual(await connectionsOf(home), ["default"]);
    });
  });
}

Deno.test("remove forgets no key where nobody can be asked", async () => {
  await withHome(async (home) => {
    await logInToOwn(home);

    const { code, stderr } = await runCli(home, ["remove", "openai"]);

    equal(code, 2);
    match(stderr, /Cannot remove openai: 1 connection would go with it, and nobody can be asked/);
    match(stderr, /→ Run: authsome remove openai --yes/);
    deepEqual(await connectionsOf(home), ["default"]);
  });
});

Deno.test("remove --yes asks nobody", async () => {
  await withHome(async (home) => {
    await logInToOwn(home);

    const { code, stdout } = await runCli(home, ["remove", "openai", "--yes"]);

    deepEqual([code, stdout], [
      0,
      "Reset openai to its bundled definition; forgot 1 connection\n",
    ]);
    deepEqual(await connectionsOf(home), []);
  });
});

Deno.test({
  name: "remove asks a person, and Enter alone means no",
  ignore: !HAS_TERMINAL,
  fn: () =>
    withHome(async (home) => {
      await logInToOwn(home);

      const { code, screen } = await onTerminal(home, ["remove", "openai"], [
        { expect: "1 connection of openai will be revoked and forgotten" },
        { expect: "Go on? [y/N]", send: "\r" },
      ]);

      equal(code, 0);
      match(screen, /Nothing changed/);
      deepEqual(await connectionsOf(home), ["default"]);
    }),
});
