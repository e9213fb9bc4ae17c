/**
 * `createFetch()` as a program uses it: nothing but the provider's name, and the daemon of this home.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { runProgram } from "../support/run_cli.ts";
import { ROOT, TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-0123456789abcdefghijklmn";

/** Shows what would be sent; there is no network in this test. */
const PROGRAM = `
import { createFetch } from "${new URL("../../mod.ts", import.meta.url)}";
const send = (url, init) =>
  Promise.resolve(Response.json([String(url), new Headers(init.headers).get("authorization")]));
const openai = createFetch({ provider: "openai", fetch: send });
console.log(await (await openai("https://api.openai.com/v1/models")).text());
console.log((await openai("https://example.com/").catch((error) => error)).name);
`;

Deno.test("createFetch() starts the daemon, signs as the active identity, and injects", async () => {
  const home = await TemporaryHome.create();
  try {
    const login = await home.authsome(["login", "openai", "--stdin"], { input: `${KEY}\n` });
    equal(login.code, 0, login.stderr);
    await home.authsome(["daemon", "stop"]);
    const script = `${home.directory}/program.ts`;
    await Deno.writeTextFile(script, PROGRAM);

    const { stdout, stderr } = await runProgram(home, [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      `--config=${ROOT}deno.json`,
      "--allow-all",
      script,
    ]);

    deepEqual(stdout.trim().split("\n"), [
      JSON.stringify(["https://api.openai.com/v1/models", `Bearer ${KEY}`]),
      "GrantDeniedError",
    ], stderr);
  } finally {
    deepEqual(await home.remove(), []);
  }
});
