/**
 * `scan` from the outside: the question it asks, what it never shows, and imports that fail.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-proj-canary0123456789abcdefghijklmn";
const TOKEN = "gho_canary0123456789abcdefghijABCDEFGHIJ01";

Deno.test({
  name: "scan --import asks on a terminal, and takes no for an answer",
  ignore: !HAS_TERMINAL,
  fn: async () => {
    await withHome(async (home) => {
      await Deno.writeTextFile(`${home.directory}/.env`, `OPENAI_API_KEY=${KEY}\n`);
      const env = personOf(home);

      const no = await onTerminal(home, ["scan", "--import"], [
        { expect: "Import this credential? [Y/n]", send: "n\r" },
      ], { env });
      const between = await runCli(home, ["scan", "--json"], { env });
      const yes = await onTerminal(home, ["scan", "--import"], [
        { expect: "Import this credential? [Y/n]", send: "\r" },
      ], { env });
      const after = await runCli(home, ["scan", "--json"], { env });

      equal(no.code, 2);
      match(no.screen, /openai: OPENAI_API_KEY in \.env/);
      deepEqual(statuses(between.stdout), { openai: "env_only" });
      equal(yes.code, 0);
      deepEqual(statuses(after.stdout), { openai: "env_and_authsome_match" });
      equal(`${no.screen}${yes.screen}`.includes(KEY), false);
    });
  },
});

Deno.test("scan shows no value: not on the screen, not in a log, an error or a file", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home.directory}/.env`, `OPENAI_API_KEY=${KEY}\nbroken ${KEY}\n`);
    await Deno.mkdir(`${home.directory}/.config/gh`, { recursive: true });
    await Deno.writeTextFile(
      `${home.directory}/.config/gh/hosts.yml`,
      `github.com:\n    oauth_token: ${TOKEN}\n`,
    );
    const env = personOf(home);
    const lines = [
      ["scan", "--verbose"],
      ["scan", "--json", "--all"],
      ["scan", "--import", "--yes", "--verbose"],
      ["scan", "--import", "--yes", "--json"],
      ["log"],
    ];

    const results = [];
    for (const args of lines) results.push(await runCli(home, args, { env }));

    const said = results.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    for (const secret of [KEY, TOKEN]) {
      equal(said.includes(secret), false);
      deepEqual(await home.filesHolding(secret), []);
    }
    deepEqual(results.map(({ code }) => code), [0, 0, 0, 0, 0]);
  });
});

Deno.test("scan --import goes on behind a value that is refused, and ends with 1", async () => {
  await withHome(async (home) => {
    const strict = {
      name: "strict",
      display_name: "Strict",
      auth_type: "api_key",
      hosts: ["api.strict.test"],
      injection: { type: "header", name: "X-Key", value: "{api_key}" },
      fields: [{
        name: "api_key",
        label: "API key",
        secret: true,
        pattern: "st_[0-9]{6}",
        pattern_certain: true,
      }],
      env: { STRICT_API_KEY: "api_key" },
    };
    await Deno.writeTextFile(`${home.directory}/strict.json`, JSON.stringify(strict));
    const env = {
      ...personOf(home),
      STRICT_API_KEY: "st_canary",
      XAI_API_KEY: "xai-0123456789abcdefghijklmn",
      ANTHROPIC_API_KEY: "sk-ant-api03-0123456789abcdefghijklmn",
    };
    await runCli(home, ["register", "strict.json", "--yes"], { env });

    const { code, stdout, stderr } = await runCli(home, ["scan", "--import", "--yes", "--json"], {
      env,
    });

    equal(code, 1);
    const { results, imported_count } = JSON.parse(stdout);
    deepEqual(
      results.map((row: { provider: string; action: string }) => [row.provider, row.action]),
      [["anthropic", "imported"], ["strict", "failed"], ["xai", "imported"]],
    );
    equal(imported_count, 2);
    equal(`${stdout}${stderr}`.includes("st_canary"), false);

    const { entries } = JSON.parse((await runCli(home, ["log", "--json"], { env })).stdout);
    const written = entries.filter(({ event }: { event: string }) => /^(scan|login)$/.test(event));
    deepEqual(
      written.map((entry: Record<string, unknown>) => [
        entry["event"],
        entry["provider"],
        entry["status"],
      ]),
      [
        ["scan", "anthropic", "success"],
        ["scan", "strict", "failure"],
        ["scan", "xai", "success"],
      ],
    );
  });
});

Deno.test("scan inside of a run takes the placeholders for what they are", async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: KEY });
    const print = 'printf "OPENAI_API_KEY=%s\\n" "$OPENAI_API_KEY" > .env';

    const run = await runCli(home, ["run", "--", "sh", "-c", print]);
    const scan = await runCli(home, ["scan", "--json"], { env: personOf(home) });

    equal(run.code, 0);
    equal((await Deno.readTextFile(`${home.directory}/.env`)).includes(KEY), false);
    deepEqual(statuses(scan.stdout), { openai: "authsome_only" });
  });
});

/** A person whose other tools keep nothing. */
function personOf(home: TemporaryHome): Record<string, string> {
  return {
    HOME: home.directory,
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
  };
}

function statuses(json: string): Record<string, string> {
  const { results } = JSON.parse(json) as { results: { provider: string; status: string }[] };
  return Object.fromEntries(results.map(({ provider, status }) => [provider, status]));
}
