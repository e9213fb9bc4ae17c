/**
 * authsome without the permissions it needs.
 */
import { equal, match } from "node:assert/strict";
import { runProgram } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import { ROOT } from "../support/temporary_home.ts";

/** `deno run FLAGS cli.ts ARGS`, asking nobody. */
async function start(flags: readonly string[], args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...flags, `${ROOT}cli.ts`, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("without permissions: one message names what is missing and the command that mends it", async () => {
  const { code, stdout, stderr } = await start([], ["list"]);

  equal(code, 1);
  equal(stdout, "");
  match(stderr, /^error: Cannot run: .*\(read, write, net, env, run, sys\)\n/);
  match(stderr, /^ {2}deno run --allow-all cli\.ts$/m);
});

Deno.test("with some permissions only: the others are named", async () => {
  const { code, stderr } = await start(["--allow-read", "--allow-env", "--allow-net"], ["list"]);

  equal(code, 1);
  match(stderr, /\(write, run, sys\)/);
});

Deno.test("without permissions and with --json: an error in the form of every other", async () => {
  const { code, stdout } = await start([], ["list", "--json"]);

  equal(code, 1);
  const { v, error, hint } = JSON.parse(stdout);
  equal(v, 1);
  equal(error, "UnexpectedError");
  match(hint, /--allow-all/);
});

Deno.test("without permissions: --version still answers", async () => {
  equal((await start([], ["--version"])).code, 0);
});

Deno.test("the permissions it names are enough for the whole job", async () => {
  const flags = ["read", "write", "net", "env", "run", "sys"].map((name) => `--allow-${name}`);
  const authsome = [Deno.execPath(), "run", "--no-prompt", "--quiet", ...flags, `${ROOT}cli.ts`];
  await withHome(async (home) => {
    const key = "sk-proj-0123456789abcdefghijklmn";
    for (
      const [line, input = ""] of [
        ["--help"],
        ["login openai --stdin", `${key}\n`],
        ["run -- true"],
        ["daemon restart"],
        ["doctor"],
        ["daemon stop"],
      ] as const
    ) {
      const { code, stderr } = await runProgram(home, [...authsome, ...line.split(" ")], { input });

      equal(code, 0, `${line}: ${stderr}`);
    }
  });
});
