/**
 * The test command itself: what machines read from it is its last line and its exit code.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { countResults } from "./test_count.ts";
import { pathWithDeno } from "./deno_on_path.ts";

const RUNNER = fileURLToPath(new URL("./run_tests.ts", import.meta.url));

Deno.test("run_tests ends with the totals alone on the last line, and keeps the exit code", async () => {
  const file = await Deno.makeTempFile({ prefix: "authsome-", suffix: "_test.ts" });
  await Deno.writeTextFile(
    file,
    `Deno.test("holds", () => {});
     Deno.test("holds, too", () => {});
     Deno.test("does not hold", () => { throw new Error("as it should"); });
     Deno.test.ignore("is for another machine", () => {});`,
  );

  const { code, stdout } = await runTests([file]);

  await Deno.remove(file);
  equal(stdout.trimEnd().split("\n").at(-1), "2 passed, 1 failed, 1 skipped");
  match(stdout, /^To do: /m);
  equal(code, 1);
});

Deno.test("run_tests counts a file that does not compile as one failure", async () => {
  const file = await Deno.makeTempFile({ prefix: "authsome-", suffix: "_test.ts" });
  await Deno.writeTextFile(file, `const port: number = "7998"; Deno.test(String(port), () => {});`);

  const { code, stdout } = await runTests([file]);

  await Deno.remove(file);
  equal(stdout.trimEnd().split("\n").at(-1), "0 passed, 1 failed");
  equal(code, 1);
});

Deno.test("countResults() adds up suites and takes skipped ones out", () => {
  const report = `<testsuites>
    <testsuite name="a" tests="5" disabled="1" errors="0" failures="1"></testsuite>
    <testsuite name="b" tests="2" disabled="0" errors="1" failures="0"></testsuite>
  </testsuites>`;

  const count = countResults(report);

  equal(JSON.stringify(count), `{"passed":4,"failed":2,"skipped":1}`);
});

Deno.test("pathWithDeno() puts the running Deno on a path that lacks it", async () => {
  const path = pathWithDeno("/nonexistent");

  const { success } = await new Deno.Command(`${path.split(":")[0]}/deno`, {
    args: ["--version"],
    stdout: "null",
  }).output();
  equal(success, true);
});

async function runTests(args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", RUNNER, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}
