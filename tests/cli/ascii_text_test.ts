import { equal, ok } from "node:assert/strict";
import { asciiText, wantsAscii } from "../../cli/ascii_text.ts";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";

const LOCALES: readonly (readonly [Readonly<Record<string, string>>, boolean])[] = [
  [{}, false],
  [{ LC_ALL: "C" }, true],
  [{ LC_ALL: "POSIX", LANG: "en_US.UTF-8" }, true],
  [{ LC_ALL: "", LC_CTYPE: "C", LANG: "en_US.UTF-8" }, true],
  [{ LANG: "de_DE.ISO-8859-1" }, true],
  [{ LANG: "de_DE.UTF-8" }, false],
  [{ LC_ALL: "C.utf8", LANG: "C" }, false],
];

Deno.test("wantsAscii() asks the first locale that is set", () => {
  for (const [env, expected] of LOCALES) {
    equal(wantsAscii((name) => env[name]), expected, JSON.stringify(env));
  }
});

Deno.test("asciiText() spells what authsome draws, and marks every other letter", () => {
  equal(asciiText("→ Scanning… ×3 – José 短い 💥"), "-> Scanning... x3 - Jos? ?? ?");
  ok(/^[|/\\-]{4}$/.test(asciiText("⠋⠙⠹⠸")));
});

Deno.test("with LC_ALL=C errors are in ASCII, and what goes through a pipe keeps its letters", async () => {
  await withHome(async (home) => {
    const env = { LC_ALL: "C" };

    const failed = await runCli(home, ["inspect", "gihtub"], { env });
    const piped = await runCli(home, ["run", "--help"], { env });

    // deno-lint-ignore no-control-regex
    equal(/[^\x00-\x7f]/.test(failed.stderr), false, failed.stderr);
    ok(failed.stderr.includes("  -> "), failed.stderr);
    ok(piped.stdout.includes("CMD …"), piped.stdout);
  });
});

Deno.test("with LC_ALL=C a terminal sees ASCII alone: help, prompts, progress, tables", {
  ignore: !HAS_TERMINAL,
}, async () => {
  await withHome(async (home) => {
    const env = { LC_ALL: "C" };
    const key = "sk-proj-0123456789abcdefghijklmn";

    const screens = [
      await onTerminal(home, ["run", "--help"], [], { env }),
      await onTerminal(home, ["login", "openai"], [{ expect: "API key: ", send: `${key}\r` }], {
        env,
      }),
      await onTerminal(home, ["doctor"], [], { env }),
      await onTerminal(home, ["list"], [], { env, columns: 40 }),
    ];

    for (const { code, screen } of screens) {
      equal(code, 0, screen);
      // deno-lint-ignore no-control-regex
      equal(/[^\x00-\x7f]/.test(screen), false, screen);
    }
  });
});
