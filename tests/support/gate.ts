/**
 * `deno task ok`: everything a change has to pass, cheapest first, stopping at the first thing that
 * is not right and saying what to do about it.
 *
 * @module
 */
import { say, showDuration } from "./narrator.ts";

/** One thing that must hold. */
interface Check {
  readonly name: string;
  /** Arguments for `deno`. */
  readonly args: readonly string[];
  /** What to do when it fails. */
  readonly remedy: string;
}

const ROOT = new URL("../../", import.meta.url);

const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check", "--quiet"], remedy: "Run: deno fmt" },
  {
    name: "lint",
    args: ["lint", "--quiet"],
    remedy: "Mend what is listed above; deno lint --fix mends some of it",
  },
  { name: "types", args: ["check", "--quiet", "."], remedy: "Mend what is listed above" },
  {
    name: "doc comments",
    args: ["run", "--allow-all", "tests/support/check_docs.ts"],
    remedy: "Give what is listed above a doc comment or an explicit type",
  },
  {
    name: "lock file",
    args: ["cache", "--quiet", "--frozen", "cli.ts", "mod.ts", "daemon/main.ts"],
    remedy: "Run: deno install    and commit deno.lock",
  },
  {
    name: "publishable",
    args: ["publish", "--dry-run", "--allow-dirty", "--quiet"],
    remedy: "Mend what is listed above; exported symbols need explicit types",
  },
  {
    name: "bundled providers are fresh",
    args: ["run", "--allow-all", "providers/generate.ts", "--check"],
    remedy: "Run: deno task providers    and commit what it wrote",
  },
  {
    name: "tests",
    args: ["run", "--allow-all", "tests/support/run_tests.ts"],
    remedy: "Read the first failure above, then run its file alone: deno task test FILE",
  },
];

/** `--static`: without the tests, for those who run them next. */
const checks = Deno.args.includes("--static") ? CHECKS.slice(0, -1) : CHECKS;

if (import.meta.main) Deno.exit(await runGate());

async function runGate(): Promise<number> {
  for (const [index, check] of checks.entries()) {
    say(`[${index + 1}/${checks.length}] ${check.name}: deno ${check.args.join(" ")}`);
    const started = performance.now();
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [...check.args],
      cwd: ROOT,
      stdin: "null",
    }).spawn().status;
    const took = showDuration(performance.now() - started);
    if (code !== 0) {
      say(`Not ok: ${check.name} (${took})`);
      say(check.remedy);
      return code;
    }
    say(`      ok (${took})`);
  }
  say("All ok.");
  return 0;
}
