/**
 * A terminal of 20 columns, and a reader that leaves: every command's help, and what the commands that
 * print tables print.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { COMMANDS } from "../../cli/mod.ts";
import { helpText } from "../../cli/help.ts";
import { lookUp } from "../../cli/find_command.ts";
import { paintPlain } from "../../cli/color.ts";
import { width } from "../../cli/table.ts";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { AUTHSOME, runCli, runProgram } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";

const COLUMNS = 20;
const KEY = "sk-proj-0123456789abcdefghijklmn";

/** Stays whole, to be copied: a command, an option with its value. Or it has a word that is longer. */
function mayBeWide(line: string, columns: number): boolean {
  return /^ *(authsome |-|eval |openssl )|^Options for every command$|--help$/.test(line) ||
    line.trim().split(" ").some((word) => width(word) > columns - 8);
}

Deno.test("help in 20 and in 80 columns: only what is to be copied is wider", async () => {
  const names = [null, ...COMMANDS.map(({ name }) => name)];
  for (const columns of [COLUMNS, 80]) {
    for (const name of names) {
      const entry = name === null ? null : lookUp(name)!;
      const text = await helpText({ entry, group: null, args: [] }, paintPlain, columns);

      const wide = text.split("\n").filter((line) => width(line) > columns);
      const offending = wide.filter((line) => !mayBeWide(line, columns));
      deepEqual(offending, [], `${name} in ${columns}`);
    }
  }
});

Deno.test("what prints tables prints blocks in 20 columns", {
  ignore: !HAS_TERMINAL,
}, async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: `${KEY}\n` });
    const seen: string[] = [];
    for (const args of [["list"], ["log"], ["profile", "list"], ["doctor"], ["whoami"]]) {
      const { code, screen } = await onTerminal(home, args, [], { columns: COLUMNS });
      equal(code, 0, screen);
      seen.push(screen);
    }

    match(seen[0]!, /OpenAI \[openai\][^]*Status: /);
    match(seen[3]!, /All is well/);
  });
});

Deno.test("a reader that leaves early is no error, whatever is printed", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: `${KEY}\n` });
    const words = AUTHSOME.map((word) => `'${word}'`).join(" ");
    const lines = [
      "--help",
      "login --help",
      "list --all",
      "log --raw",
      "log --json",
      "doctor",
      "doctor --json",
      "export openai --format shell",
      "completions bash",
      "inspect openai --json",
      "no-such-command --json",
      "daemon logs",
    ];
    for (const line of lines) {
      const { stderr } = await runProgram(home, [
        "/bin/sh",
        "-c",
        `(${words} ${line}; echo "code $?" >&2) | true`,
      ]);

      match(stderr, /code [02]\n$/, line);
      equal(/\n\s+at |BrokenPipe|Uncaught|os error/.test(stderr), false, `${line}: ${stderr}`);
    }
  });
});
