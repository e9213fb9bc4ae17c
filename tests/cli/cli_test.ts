import { deepEqual, equal, match, ok } from "node:assert/strict";
import { COMMANDS } from "../../cli/mod.ts";
import { EXIT_CODE } from "../../core/errors.ts";
import { runCli, runProgram } from "../support/run_cli.ts";
import { AUTHSOME } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import { ROOT } from "../support/temporary_home.ts";

Deno.test("exit codes are those of the contract", () => {
  const codesOf = (code: number) =>
    Object.entries(EXIT_CODE).filter(([, value]) => value === code).map(([name]) => name);

  ok(codesOf(2).includes("usage") && codesOf(2).includes("input_cancelled"));
  deepEqual(codesOf(3), ["connection_not_found"]);
  ok(codesOf(4).includes("provider_not_found") && codesOf(4).includes("operation_not_allowed"));
  ok(codesOf(5).includes("credential_missing") && codesOf(5).includes("refresh_failed"));
  deepEqual([codesOf(6), codesOf(7), codesOf(8), codesOf(9)], [
    ["connection_exists"],
    ["provider_exists"],
    ["endpoint_unreachable"],
    ["daemon_unavailable"],
  ]);
});

Deno.test("no command takes a secret as an argument", async () => {
  const commands = await Promise.all(COMMANDS.map((entry) => entry.load()));

  const taken = commands.flatMap(({ name, options, positionals }) => [
    ...Object.entries(options as Record<string, { value?: string }>)
      .filter(([, { value }]) => value !== undefined)
      .map(([option, { value }]) => `${name} --${option} ${value}`),
    ...(positionals as { name: string }[]).map((positional) => `${name} ${positional.name}`),
  ]);

  const named = taken.filter((words) => /key|secret|token|password|passphrase/i.test(words));
  // Where a secret is may be in an argument; what it is may not.
  deepEqual(named.filter((words) => !words.endsWith("-file PATH")), []);
});

const GARBAGE: readonly (readonly string[])[] = [
  ["--"],
  ["---"],
  ["-"],
  ["--="],
  ["-=x"],
  ["\u0000".replace("\u0000", "\u0001")],
  ["list", "--\u001b[31m"],
  ["list", "-nnnn"],
  ["list", "--all=maybe"],
  ["login", "--stdin=sk-1", "openai"],
  ["get", "/"],
  ["get", "a/b/c"],
  ["get", "openai/"],
  ["get", "openai", "--connection", "--field"],
  ["💥"],
  ["x".repeat(100_000)],
  ["daemon", "logs", "-n", "-5"],
  ["daemon", "logs", "-n", "1e9"],
  ["export", "--format", "__proto__"],
  ["constructor"],
  ["login", "openai", "--scopes", ","],
];

Deno.test("garbage on the command line is a usage error or help, never a crash or a daemon", async () => {
  await withHome(async (home) => {
    for (const args of GARBAGE) {
      const { code, stdout, stderr } = await runCli(home, args);

      const name = JSON.stringify(args).slice(0, 60);
      ok(code === 2 || (code === 0 && stdout.includes("More about a command")), `${name}: ${code}`);
      equal(/\n\s+at |UnexpectedError|TypeError/.test(stderr), false, `${name}: ${stderr}`);
      // deno-lint-ignore no-control-regex
      equal(/[\x00-\x09\x0b-\x1f\x7f]/.test(stderr), false, name);
    }
    await Deno.lstat(home.path).then(
      () => ok(false, "a home was made"),
      (error) => ok(error instanceof Deno.errors.NotFound),
    );
  });
});

Deno.test("a failure with --json is one object on stdout, whatever failed", async () => {
  await withHome(async (home) => {
    const failures: readonly (readonly [args: readonly string[], error: string, code: number])[] = [
      [["lgoin", "--json"], "UsageError", 2],
      [["--json", "list", "--nope"], "UsageError", 2],
      [["inspect", "nosuch", "--json"], "ProviderNotFoundError", 4],
      [["get", "github", "--json"], "CredentialMissingError", 5],
      [["get", "github/work", "--json"], "ConnectionNotFoundError", 3],
      [["export", "github", "--json"], "CredentialMissingError", 5],
      [["export", "github/work", "--json"], "ConnectionNotFoundError", 3],
      [["login", "openai", "--stdin", "--json"], "InvalidInputError", 2],
      [["login", "githb", "--stdin", "--json"], "ProviderNotFoundError", 4],
    ];
    for (const [args, error, expected] of failures) {
      const { code, stdout } = await runCli(home, args);

      const body = JSON.parse(stdout);
      deepEqual([Object.keys(body)[0], body.v, body.error, code], ["v", 1, error, expected]);
      equal(typeof body.message, "string");
    }
  });
});

Deno.test("a daemon that cannot be reached is exit code 9, and says what was tried", async () => {
  await withHome(async (home) => {
    const env = { AUTHSOME_DAEMON_URL: "http://127.0.0.1:1" };

    const { code, stderr } = await runCli(home, ["whoami"], { env });

    equal(code, 9);
    match(stderr, /error: Cannot reach the daemon at http:\/\/127\.0\.0\.1:1/);
    match(stderr, /→ /);
  });
});

Deno.test("doctor exits with 1 when the daemon cannot be reached, with --json too", async () => {
  await withHome(async (home) => {
    const env = { AUTHSOME_DAEMON_URL: "http://127.0.0.1:1" };

    const { code, stdout } = await runCli(home, ["doctor", "--json"], { env });

    equal(code, 1);
    equal(JSON.parse(stdout).status, "unhealthy");
  });
});

Deno.test(
  "a reader that leaves early is no error",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await withHome(async (home) => {
      const words = AUTHSOME.map((word) => `'${word}'`).join(" ");

      const { stdout, stderr } = await runProgram(home, [
        "/bin/sh",
        "-c",
        `(${words} list --all --json; echo "code $?" >&2) | head -n 1`,
      ]);

      equal(stdout, "{\n");
      match(stderr, /code 0\n$/);
      equal(stderr.includes("BrokenPipe"), false);
    });
  },
);

Deno.test("NO_COLOR, --no-color and a pipe: no colours in any of them", async () => {
  await withHome(async (home) => {
    const { stdout, stderr } = await runCli(home, ["list", "nosuchprovider"], {
      env: { TERM: "xterm-256color" },
    });

    equal(`${stdout}${stderr}`.includes("\x1b"), false);
  });
});

Deno.test("--log-file keeps which command ran and how it ended, and no argument", async () => {
  await withHome(async (home) => {
    const log = `${home.directory}/authsome.log`;

    await runCli(home, ["inspect", "nosuch", "--log-file", log]);

    const text = await Deno.readTextFile(log);
    match(text, /inspect: begins\n/);
    match(text, /ProviderNotFoundError/);
    equal((Deno.lstatSync(log).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("a log that was asked for and cannot be written is told, and stops nothing", async () => {
  await withHome(async (home) => {
    const args = ["daemon", "status", "--log-file", home.directory];
    const { code, stderr } = await runCli(home, args);

    equal(code, 0);
    match(
      stderr,
      /^warning: The log .* is not written: Is a directory\n {2}→ .*--log-file PATH\n$/,
    );
  });
});

Deno.test("help and the version load neither a package nor node:", async () => {
  const reached = await staticImports(["cli.ts", "cli/main.ts", "cli/help.ts"]);

  deepEqual(reached.filter((specifier) => /^(npm|node|jsr):/.test(specifier)), []);
  deepEqual(reached.filter((specifier) => /\/daemon\/|\/proxy\//.test(specifier)), []);
});

/** Everything the entries import before anything is called. */
async function staticImports(entries: readonly string[]): Promise<string[]> {
  const reached = new Set<string>();
  for (const entry of entries) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", `${ROOT}${entry}`],
      cwd: ROOT,
    }).output();
    const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      roots: string[];
      modules: {
        specifier: string;
        dependencies?: { isDynamic?: boolean; code?: { specifier: string } }[];
      }[];
    };
    const open = [...roots];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      const found = modules.find(({ specifier }) => specifier === next);
      for (const { isDynamic, code } of found?.dependencies ?? []) {
        if (isDynamic !== true && code !== undefined) open.push(code.specifier);
      }
    }
  }
  return [...reached];
}
