/**
 * The guides tell commands that there are: each line that begins with `authsome` is parsed as the
 * command line parses it, and each provider it names is bundled.
 */
import { deepEqual, ok } from "node:assert/strict";
import { findCommand } from "../cli/find_command.ts";
import { parseArguments } from "../cli/parse_arguments.ts";
import { bundledProviders } from "../providers/mod.ts";
import { readSource, ROOT } from "./support/module_graph.ts";

const PAGES = [
  "docs/quickstart.md",
  "docs/troubleshooting.md",
  ...[...Deno.readDirSync(new URL("docs/guides", ROOT))].map(({ name }) => `docs/guides/${name}`),
];

for (const page of PAGES) {
  Deno.test(`${page}: every authsome line is one that the command line takes`, async () => {
    const lines = authsomeLines(readSource(page));

    ok(lines.length > 0, "no command is told");
    for (const line of lines) await parse(line);
  });
}

Deno.test("guides: every one is short", () => {
  deepEqual(PAGES.filter((page) => readSource(page).split("\n").length > 80), []);
});

/** The lines of shell blocks that run `authsome`, alone or behind a pipe. */
function authsomeLines(text: string): string[] {
  return [...text.matchAll(/```sh\n([^]*?)```/g)]
    .flatMap((block) => block[1]!.split("\n"))
    .flatMap((line) => /^(?:.*\| )?\s*authsome (.*)$/.exec(line)?.[1] ?? []);
}

async function parse(line: string): Promise<void> {
  const words = line.split(" ");
  const { entry, args } = findCommand(words);
  ok(entry !== null, line);
  parseArguments(await entry.load(), args);
  const named = entry.name === "login" ? words[1]! : words[words.indexOf("--only") + 1]!;
  const names = entry.name === "login" || words.includes("--only") ? named.split(",") : [];
  for (const name of names.filter((word) => !word.startsWith("-"))) {
    ok(bundledProviders().some((one) => one.name === name), `${line}: ${name} is not bundled`);
  }
}
