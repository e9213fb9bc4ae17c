/**
 * `docs/cli.md` is true: it is the register's page, and its JSON is what commands print.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { JSON_SHAPES } from "../cli/json_shapes.ts";
import { COMMANDS } from "../cli/mod.ts";
import { cliPage } from "./support/cli_page.ts";
import { readSource } from "./support/module_graph.ts";
import { runCli } from "./support/run_cli.ts";
import { withHome } from "./support/temp_home.ts";

Deno.test("cli.md: the page is the register's (deno task cli_page)", async () => {
  equal(readSource("docs/cli.md"), await cliPage());
});

Deno.test("cli.md: every command says what it prints with --json", () => {
  deepEqual(Object.keys(JSON_SHAPES).sort(), COMMANDS.map(({ name }) => name).sort());
});

const KEY = "sk-proj-0123456789abcdefghijklmn";
/** In an order in which each has what it needs. */
const LINES: readonly (readonly [args: readonly string[], input?: string])[] = [
  [["init"]],
  [["login", "openai", "--stdin"], KEY],
  [["login", "openai/work", "--stdin"], KEY],
  [["doctor"]],
  [["ui", "--no-browser"]],
  [["export", "openai"]],
  [["scan"]],
  [["get", "openai"]],
  [["list"]],
  [["set-default", "openai", "work"]],
  [["logout", "openai/default"]],
  [["register", "acme.json", "--yes"]],
  [["remove", "acme"]],
  [["revoke", "openai"]],
  [["whoami"]],
  [["backup", "all.backup", "--stdin"], "several words that nobody guesses"],
  [["backup", "verify", "all.backup", "--stdin"], "several words that nobody guesses"],
  [["restore", "all.backup", "--stdin", "--force"], "several words that nobody guesses"],
  [["key", "rotate"]],
  [["log"]],
  [["log", "verify"]],
  [["profile", "create", "--handle", "desk-quietly-0001"]],
  [["profile", "use", "desk-quietly-0001"]],
  [["profile", "list"]],
  [["daemon", "status"]],
  [["daemon", "start"]],
  [["daemon", "restart"]],
  [["daemon", "logs"]],
  [["daemon", "stop"]],
  [["completions", "bash"]],
];
const DEFINITION = {
  name: "acme",
  display_name: "Acme",
  auth_type: "api_key",
  hosts: ["api.acme.test"],
  injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
};

Deno.test("cli.md: commands print the fields it lists", async (t) => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home.directory}/acme.json`, JSON.stringify(DEFINITION));
    for (const [args, input = ""] of LINES) {
      const name = [args.slice(0, 2).join(" "), args[0]!].find((one) => one in JSON_SHAPES)!;
      await t.step(args.join(" "), async () => {
        const { stdout } = await runCli(home, [...args, "--json"], { input });

        const { v, ...fields } = JSON.parse(stdout) as Record<string, unknown>;
        equal(v, 1);
        deepEqual(Object.keys(fields).sort(), Object.keys(JSON_SHAPES[name] ?? {}).sort(), stdout);
      });
    }
  });
});
