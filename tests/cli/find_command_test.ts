import { deepEqual, equal, throws } from "node:assert/strict";
import { findCommand } from "../../cli/find_command.ts";
import { COMMANDS } from "../../cli/mod.ts";
import type { AuthsomeError } from "../../core/errors.ts";

const FOUND: readonly (readonly [line: string, name: string | null, args: string])[] = [
  ["login github", "login", "github"],
  ["--json login github --force", "login", "--json github --force"],
  ["--log-file login list", "list", "--log-file login"],
  ["--log-file=x list", "list", "--log-file=x"],
  ["daemon start", "daemon start", ""],
  ["--quiet daemon logs -n 5", "daemon logs", "--quiet -n 5"],
  ["provider list", "list", ""],
  ["connections inspect github", "get", "github"],
  ["list daemon", "list", "daemon"],
  ["backup ./verfy", "backup", "./verfy"],
  ["backup nightly.backup", "backup", "nightly.backup"],
  ["--json", null, "--json"],
  ["-- login", null, "-- login"],
];

for (const [line, name, args] of FOUND) {
  Deno.test(`findCommand() finds ${name} in: ${line}`, () => {
    const found = findCommand(line.split(" "));

    equal(found.entry?.name ?? null, name);
    deepEqual(found.args, args === "" ? [] : args.split(" "));
  });
}

Deno.test("findCommand() gives the group when only that is named", () => {
  equal(findCommand(["daemon"]).group, "daemon");
  equal(findCommand(["profile", "--help"]).group, "profile");
});

Deno.test("findCommand() names the nearest commands for a mistyped one", () => {
  const hintOf = (...line: string[]) => {
    let hint = "";
    throws(() => findCommand(line), (error: AuthsomeError) => {
      hint = error.hint ?? "";
      return error.code === "usage";
    });
    return hint;
  };

  equal(hintOf("lgoin"), "Did you mean authsome login?");
  equal(hintOf("daemon", "strat").startsWith("Did you mean authsome daemon start"), true);
  equal(hintOf("daemon", "strt"), "Did you mean authsome daemon start?");
  equal(hintOf("daemon", "qqqq"), "Run: authsome daemon    shows its commands");
  equal(hintOf("qqqqqqq"), "Run: authsome --help");
  equal(hintOf("log", "verfy"), "Did you mean authsome log verify?");
  equal(hintOf("backup", "verfy"), "Did you mean authsome backup verify?");
  equal(hintOf("backup", "verfiy", "x.backup"), "Did you mean authsome backup verify?");
  equal(hintOf("profile", "lst").startsWith("Did you mean authsome profile list"), true);
});

Deno.test("every command in the register loads, and is called what the register calls it", async () => {
  const loaded = await Promise.all(COMMANDS.map(async (entry) => (await entry.load()).name));

  deepEqual(loaded, COMMANDS.map(({ name }) => name));
});

Deno.test("every command has a description, an example and options with summaries", async () => {
  const commands = await Promise.all(COMMANDS.map((entry) => entry.load()));

  const poor = commands.filter(({ description, examples, options, name }) =>
    description === "" || examples.length === 0 ||
    examples.some(({ line }) => !line.includes(`authsome ${name}`)) ||
    Object.values(options).some((option) => (option as { summary: string }).summary === "")
  );

  deepEqual(poor.map(({ name }) => name), []);
});
