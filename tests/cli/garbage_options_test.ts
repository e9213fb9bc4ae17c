/**
 * Every option of every command with every kind of garbage: an exit code, one JSON object that says
 * what is wrong and a hint that helps, and never a crash. The table is made from the register, so
 * that a new option is in it.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Command, CommandOption } from "../../cli/command.ts";
import { GLOBAL_OPTIONS } from "../../cli/global_options.ts";
import { COMMANDS } from "../../cli/mod.ts";
import { MARK } from "../support/play_lines.ts";
import { runProgram } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import { ROOT, type TemporaryHome } from "../support/temporary_home.ts";

interface Played {
  readonly line: readonly string[];
  readonly code: number;
  readonly stdout: string;
}

async function play(home: TemporaryHome, lines: readonly (readonly string[])[]): Promise<Played[]> {
  const program = [Deno.execPath(), "run", "--quiet", "--allow-all"];
  const { code, stdout, stderr } = await runProgram(
    home,
    [...program, `${ROOT}tests/support/play_lines.ts`],
    { input: JSON.stringify(lines) },
  );
  equal(code, 0, stderr);
  const parts = stdout.split(MARK).slice(1);
  return lines.map((line, i) => {
    const written = parts[2 * i]!;
    return {
      line,
      code: Number(parts[2 * i + 1]),
      stdout: written.slice(written.indexOf("\n") + 1),
    };
  });
}

/** A word that fits each positional. */
const WORDS: Readonly<Record<string, string>> = {
  PROVIDER: "openai",
  CONNECTION: "default",
  PATH: "/nowhere/at/all",
  HANDLE: "calm-otter",
  CODE: "BCDF-GHJK",
  SHELL: "bash",
  WORD: "openai",
};

// deno-lint-ignore no-explicit-any -- a command's options differ from file to file
const loaded: readonly Command<any>[] = await Promise.all(COMMANDS.map(({ load }) => load()));
const tail = (name: string) => name === "run" ? ["--", "true"] : [];

const wordsOf = (command: Command) => command.positionals.map(({ name }) => WORDS[name]!);

function optionsOf(command: Command): [string, CommandOption][] {
  return Object.entries({ ...command.options, ...GLOBAL_OPTIONS })
    .filter(([name]) => !["help", "version", "json"].includes(name));
}

/** What the parser itself refuses, whatever the option is for. */
function misuses(command: Command): string[][] {
  const begin = [...command.name.split(" "), "--json", ...wordsOf(command)];
  const lines = [
    [...begin, "--no-such-option"],
    [...begin, "-Z"],
    ...command.passThrough === true ? [] : [[...begin, "one", "word", "too", "many"]],
  ];
  for (const [name, { value, multiple, choices }] of optionsOf(command)) {
    if (value === undefined) {
      lines.push([...begin, `--${name}=yes`]);
      continue;
    }
    lines.push([...begin, `--${name}`], [...begin, `--${name}`, "--quiet"]);
    if (name !== "log-file") lines.push([...begin, `--${name}=`]);
    if (multiple !== true) {
      const fine = choices?.[0] ?? "1";
      lines.push([...begin, `--${name}=${fine}`, `--${name}=${fine}`]);
    }
    if (choices === undefined) continue;
    for (const value of GARBAGE) lines.push([...begin, `--${name}=${value}`]);
  }
  return lines.map((line) => [...line, ...tail(command.name)]);
}

const GARBAGE = [
  "x".repeat(100_000),
  "../../etc/passwd",
  "\x1b]0;title\x07\x1b[31m",
  "-1",
  "1e99",
  "💥",
  "__proto__",
  " ",
  "a,,b",
  "%00",
];

Deno.test("an option that is used wrongly is exit code 2 and one object with a hint", async () => {
  await withHome(async (home) => {
    const played = await play(home, loaded.flatMap(misuses));

    ok(played.length > 500, `${played.length} lines`);
    for (const { line, code, stdout } of played) {
      const shown = JSON.stringify(line).slice(0, 120);
      equal(code, 2, `${shown}: ${code} ${stdout}`);
      const { v, error, message, hint } = JSON.parse(stdout);
      deepEqual({ v, error }, { v: 1, error: "UsageError" }, shown);
      ok(message.length < 1000, shown);
      ok(typeof hint === "string", `${shown} has no hint: ${message}`);
      // deno-lint-ignore no-control-regex
      equal(/[\x00-\x1f\x7f-\x9f]/.test(message + hint.replaceAll("\n", "")), false, shown);
    }
    await Deno.lstat(home.path).then(
      () => ok(false, "a home was made"),
      (error) => ok(error instanceof Deno.errors.NotFound),
    );
  });
});

/** Free values that mean something to nobody but the command. */
function freeValues(command: Command): string[][] {
  const begin = [...command.name.split(" "), "--json", ...wordsOf(command)];
  // Nobody is there to type, and nothing comes.
  const unattended = "stdin" in command.options ? ["--stdin"] : [];
  return optionsOf(command)
    .filter(([name, { value, choices }]) =>
      value !== undefined && choices === undefined && name !== "log-file"
    )
    .flatMap(([name]) =>
      GARBAGE.map((value) => [...begin, ...unattended, `--${name}=${value}`, ...tail(command.name)])
    );
}

Deno.test("garbage as the value of an option: an error of ours with one object, or nothing found", async () => {
  await withHome(async (home) => {
    const lines = loaded.filter(({ name }) => name !== "daemon serve").flatMap(freeValues);
    const played = await play(home, lines);

    ok(played.length > 200, `${played.length} lines`);
    for (const { line, code, stdout } of played) {
      const shown = JSON.stringify(line).slice(0, 160);
      const body = JSON.parse(stdout);
      equal(body.v, 1, shown);
      if (code === 0) continue; // `log --since 1e99`: there are no such lines
      ok([2, 3, 4, 5].includes(code), `${shown}: ${code} ${stdout.slice(0, 300)}`);
      ok(typeof body.hint === "string", `${shown} has no hint: ${body.message.slice(0, 200)}`);
      ok(stdout.length < 5000, `${shown}: ${stdout.length}`);
    }
  });
});
