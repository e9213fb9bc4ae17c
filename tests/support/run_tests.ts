/**
 * `deno task test`: runs every test, or the files and options given, and ends with a line that says
 * how many passed and failed. The exit code is that of `deno test`.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { pathWithDeno } from "./deno_on_path.ts";
import { say, showDuration } from "./narrator.ts";
import { isAvailable, OPTIONAL_PROGRAMS } from "./optional_programs.ts";
import { countResults, type TestCount } from "./test_count.ts";

const ROOT = new URL("../../", import.meta.url);
/** The daemon and the relay never fetch a module; what they need is cached before the first test. */
const ENTRIES = ["cli.ts", "mod.ts", "daemon/main.ts", "daemon/relay_main.ts"];

if (import.meta.main) Deno.exit(await runTests(Deno.args));

async function runTests(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const jobs = Math.max(2, navigator.hardwareConcurrency);
  say(`authsome tests · Deno ${Deno.version.deno} · ${jobs} files at a time`);
  await tellWhatIsMissing();

  say("Fetching modules (from npm the first time, from the cache afterwards) …");
  if (await deno(["cache", "--quiet", ...ENTRIES]) !== 0) {
    say("Cannot fetch the modules: npm is not reachable, or the code does not compile (see above)");
    say("Run: npm ping    then: deno task test");
    return close({ passed: 0, failed: 1, skipped: 0 }, 1);
  }

  say("Running the tests …");
  const report = await Deno.makeTempFile({ prefix: "authsome-tests-", suffix: ".xml" });
  try {
    const code = await deno([
      "test",
      "--allow-all",
      "--parallel",
      "--sanitize-ops",
      "--sanitize-resources",
      `--junit-path=${report}`,
      ...args,
    ], { env: { DENO_JOBS: String(jobs) }, quiet: Deno.env.get("CI") !== undefined });
    const count = countResults(await Deno.readTextFile(report));
    say("");
    say(`Took ${showDuration(performance.now() - started)}.`);
    return close(count, code);
  } finally {
    await Deno.remove(report);
  }
}

async function tellWhatIsMissing(): Promise<void> {
  const found = await Promise.all(OPTIONAL_PROGRAMS.map(isAvailable));
  const missing = OPTIONAL_PROGRAMS.filter((_, index) => !found[index]);
  for (const { name, usedFor } of missing) say(`Skipping ${usedFor}: ${name} is not here`);
}

async function deno(
  args: readonly string[],
  { env = {}, quiet = false }: { env?: Record<string, string>; quiet?: boolean } = {},
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { ...env, PATH: pathWithDeno(Deno.env.get("PATH") ?? "") },
    stdin: "null",
    stdout: quiet ? "piped" : "inherit",
  }).spawn();
  if (quiet) await sayAllButSuccesses(child.stdout);
  return (await child.status).code;
}

/** A log that nobody watches holds what did not pass; thousands of passed tests would hide it. */
async function sayAllButSuccesses(output: ReadableStream<Uint8Array>): Promise<void> {
  for await (const line of createInterface({ input: Readable.fromWeb(output) })) {
    if (!/ \.\.\. ok \(\d/.test(stripVTControlCharacters(line))) say(line);
  }
}

/** The last line is for machines: nothing else stands on it and nothing follows it. */
function close({ passed, failed, skipped }: TestCount, code: number): number {
  // A file that does not compile, or a leak outside any test, fails the run without failing a test.
  const failures = code !== 0 && failed === 0 ? 1 : failed;
  if (failures > 0) {
    say("To do: read the first failure above, then run its file alone: deno task test FILE");
  }
  say(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return code;
}
