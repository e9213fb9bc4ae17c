import { deepEqual, equal, throws } from "node:assert/strict";
import type { Command } from "../../cli/command.ts";
import { parseArguments } from "../../cli/parse_arguments.ts";
import { UsageError } from "../../core/errors.ts";

const plain: Command = {
  name: "greet",
  description: "Greet somebody.",
  positionals: [{ name: "WHO" }, { name: "HOW", optional: true }],
  options: {
    connection: { summary: "which", value: "NAME" },
    format: { summary: "how", value: "FORMAT", choices: ["env", "json"] },
    only: { summary: "some", value: "P", multiple: true },
    force: { summary: "now" },
    lines: { summary: "many", value: "N", short: "n" },
  },
  examples: [],
  run: () => Promise.resolve(),
};
const passing: Command = { ...plain, name: "run", positionals: [], passThrough: true };

Deno.test("parseArguments() reads options wherever they stand, global ones too", () => {
  const { global, args } = parseArguments(plain, [
    "--json",
    "me",
    "--connection=work",
    "--force",
    "loudly",
    "-n",
    "5",
    "--log-file",
    "",
  ]);

  deepEqual(args.positionals, ["me", "loudly"]);
  deepEqual(args.options, {
    connection: "work",
    format: undefined,
    only: [],
    force: true,
    lines: "5",
  });
  deepEqual(global, { json: true, quiet: false, noColor: false, verbose: false, logFile: "" });
});

Deno.test("parseArguments() gives what is behind -- to the command untouched", () => {
  const { args } = parseArguments(passing, ["--only", "a", "--only", "b", "--", "curl", "--json"]);

  deepEqual(args.options.only, ["a", "b"]);
  deepEqual(args.rest, ["curl", "--json"]);
});

Deno.test("parseArguments() leaves everything from the first word on to a command that passes through", () => {
  const { global, args } = parseArguments(passing, ["--force", "curl", "--json", "--force", "--"]);

  deepEqual(args.rest, ["curl", "--json", "--force", "--"]);
  equal(args.options.force, true);
  equal(global.json, false);
});

const WRONG: readonly (readonly [args: readonly string[], message: RegExp, hint: RegExp])[] = [
  [["me", "--conection", "x"], /no option --conection/, /Did you mean --connection\?/],
  [["me", "--jsno"], /no option --jsno/, /Did you mean --json\?/],
  [["me", "--zzzzzz"], /no option --zzzzzz/, /greet --help/],
  [["me", "-x"], /no option -x/, /greet --help/],
  [["me", "--connection"], /--connection needs a value \(NAME\)/, /--help/],
  [["me", "--connection", "--force"], /--connection needs a value/, /--help/],
  [["me", "--connection="], /--connection is empty/, /--help/],
  [["me", "--force=yes"], /--force takes no value/, /--help/],
  [["me", "--format", "xml"], /--format is one of env, json, not xml/, /--help/],
  [["me", "--connection", "a", "--connection", "b"], /more than once/, /--help/],
  [[], /WHO is missing/, /--help/],
  [["a", "b", "c"], /c is one word too many/, /--help/],
  [["a", "b", "sk-abc"], /: the last word is one word too many/, /--help/],
  [["a", "b", "0123456789abcdefABCD"], /: the last word is one word too many/, /--help/],
  [[""], /a word is empty/, /--help/],
  [["me", "--\x1b[31mred"], /no option --\?\[31mred/, /--help/],
  [["me", `--${"x".repeat(500)}`], /no option --x{55}…/, /--help/],
  [["me", "--__proto__"], /no option --__proto__/, /--help/],
  [["me", "--constructor"], /no option --constructor/, /--help/],
];

for (const [args, message, hint] of WRONG) {
  Deno.test(`parseArguments() refuses ${JSON.stringify(args).slice(0, 60)}`, () => {
    throws(() => parseArguments(plain, args), (error) => {
      if (!(error instanceof UsageError)) throw error;
      return message.test(error.message) && hint.test(error.hint ?? "");
    });
  });
}
