/**
 * The first command of the README does what it says and leaves nothing behind.
 *
 * @module
 */
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { processesOf } from "../support/processes_of.ts";
import { ROOT } from "../support/temporary_home.ts";

Deno.test("try shows a placeholder with the agent and the key at the API, and leaves nothing", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-" });

  const { code, output } = await runTry(directory);

  equal(code, 0, output);
  const held = /agent's environment held +Authorization: Bearer (\S+)/.exec(output)?.[1];
  const received = /the API received +Authorization: Bearer (\S+)/i.exec(output)?.[1];
  const key = /the one key it takes is (\S+)/.exec(output)?.[1];
  equal(received, key);
  notEqual(held, key);
  match(output, /No file of the home has it in plain text/);
  await assertNothingLeft(directory);
});

for (const moment of ["1. ", "3. ", "5. "]) {
  Deno.test(`try leaves nothing behind when it is interrupted at step ${moment.trim()}`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "authsome-" });

    const { code, output } = await runTry(directory, { interruptAt: `\n${moment}` });

    equal(code, 130, output);
    match(output, /Interrupted\./);
    await assertNothingLeft(directory);
  });
}

/** Runs it with `directory` as the place for temporary files; sends SIGINT when a line appears. */
async function runTry(
  directory: string,
  { interruptAt }: { interruptAt?: string } = {},
): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "examples/try.ts"],
    cwd: ROOT,
    env: { TMPDIR: directory },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "\n";
  let interrupted = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (!interrupted && interruptAt !== undefined && output.includes(interruptAt)) {
      interrupted = true;
      child.kill("SIGINT");
    }
  }
  return { code: (await child.status).code, output };
}

async function assertNothingLeft(directory: string): Promise<void> {
  deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), []);
  deepEqual(processesOf(directory), []);
  await Deno.remove(directory);
}
