/**
 * What holds for every command line, whichever command it names.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { COMMANDS } from "../../cli/mod.ts";
import { VERSION } from "../../core/version.ts";
import { runCli, runProgram } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import { ROOT } from "../support/temporary_home.ts";

Deno.test("every command knows --help, -h, --version and -v, and none of them starts a daemon", async () => {
  await withHome(async (home) => {
    for (const { name } of COMMANDS) {
      const words = name.split(" ");
      const [help, version] = await Promise.all([
        runCli(home, [...words, name.length % 2 === 0 ? "--help" : "-h"]),
        runCli(home, [...words, name.length % 2 === 0 ? "--version" : "-v"]),
      ]);

      deepEqual([help.code, help.stderr], [0, ""], name);
      match(help.stdout, new RegExp(`authsome ${name}\\b`), name);
      deepEqual([version.code, version.stdout], [0, `authsome ${VERSION}\n`], name);
    }
    await Deno.lstat(home.path).then(
      () => equal(true, false, "a home was made"),
      (error) => equal(error instanceof Deno.errors.NotFound, true),
    );
  });
});

Deno.test("a .env of the working directory says nothing about authsome itself", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(
      `${home.directory}/.env`,
      "AUTHSOME_HOME=/nowhere\nAUTHSOME_PORT=http\nAUTHSOME_DAEMON_URL=http://127.0.0.1:1\n",
    );

    const { code, stdout } = await runCli(home, ["whoami", "--json"]);

    equal(code, 0);
    equal(JSON.parse(stdout).home, home.path);
  });
});

/** A program that the runtime lets reach this machine and nothing else. */
function onLoopback(program: string): readonly string[] {
  const allowed = ["read", "write", "env", "run", "sys", "net=127.0.0.1"];
  const flags = ["--config", `${ROOT}deno.json`, ...allowed.map((name) => `--allow-${name}`)];
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", "--cached-only", ...flags, program];
}

/** `authsome` behind the check that the whole net is allowed. */
const MAIN = `
  const { main } = await import("${new URL("../../cli/main.ts", import.meta.url)}");
  Deno.exit(await main(Deno.args));
`;

Deno.test("no command reaches anything but this machine: there is no telemetry", async () => {
  await withHome(async (home) => {
    const lines: readonly (readonly [line: string, input?: string])[] = [
      ["init"],
      ["login openai --stdin", "sk-proj-0123456789abcdefghijklmn\n"],
      ["list"],
      ["list --all"],
      ["inspect openai"],
      ["get openai"],
      ["export openai"],
      ["set-default openai default"],
      ["scan"],
      ["run -- true"],
      ["whoami"],
      ["doctor"],
      ["log"],
      ["log verify"],
      ["ui --no-browser"],
      ["profile list"],
      ["completions bash"],
      ["logout openai"],
      ["daemon logs"],
      ["daemon restart"],
      ["daemon status"],
      ["daemon stop"],
    ];
    const program = `${home.directory}/authsome.ts`;
    await Deno.writeTextFile(program, MAIN);
    for (const [line, input] of lines) {
      const words = [...onLoopback(program), ...line.split(" ")];
      const { code, stderr } = await runProgram(home, words, input === undefined ? {} : { input });

      equal(code, 0, `${line}: ${stderr}`);
    }
    // Such a program would not get far.
    await Deno.writeTextFile(program, 'await Deno.connect({ hostname: "192.0.2.1", port: 443 })');
    equal((await runProgram(home, onLoopback(program))).code, 1);
  });
});

Deno.test("--quiet leaves the result, and takes the notes away", async () => {
  await withHome(async (home) => {
    await runCli(home, ["init"]);

    const { stdout, stderr } = await runCli(home, ["--quiet", "list", "openai"]);

    match(stdout, /^Provider +Source/);
    equal(stderr, "");
  });
});

/** A provider whose token endpoint is a port that nobody listens on. */
const UNREACHABLE = {
  name: "dead",
  display_name: "Dead",
  auth_type: "oauth2",
  flow: "client_credentials",
  hosts: ["127.0.0.1"],
  oauth: { token_url: "https://127.0.0.1:9/token" },
  injection: { type: "header", name: "Authorization", value: "Bearer {access_token}" },
};

Deno.test("an endpoint that cannot be reached is exit code 8, and nothing is kept", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home.directory}/dead.json`, JSON.stringify(UNREACHABLE));
    await runCli(home, ["register", "dead.json", "--yes", "--allow-private"]);

    const { code, stdout } = await runCli(home, ["login", "dead", "--stdin", "--json"], {
      input: "client_id=app\nclient_secret=hush-hush\n",
    });

    const { error, message } = JSON.parse(stdout);
    deepEqual([code, error], [8, "EndpointUnreachableError"]);
    match(message, /Cannot reach https:\/\/127\.0\.0\.1:9/);
    equal(stdout.includes("hush-hush"), false);
    equal((await runCli(home, ["get", "dead", "--json"])).code, 5);
  });
});

Deno.test("links begin with AUTHSOME_SERVER_BASE_URL", async () => {
  await withHome(async (home) => {
    const env = { AUTHSOME_SERVER_BASE_URL: "http://box.example:8443" };

    const { code, stdout } = await runCli(home, ["login", "openai", "--no-wait", "--json"], {
      env,
    });

    equal(code, 0);
    match(
      JSON.parse(stdout).auth_url,
      /^http:\/\/box\.example:8443\/api\/auth\/sessions\/sess_[0-9a-f]{32}\/input$/,
    );
  });
});

Deno.test("a key in AUTHSOME_IDENTITY_PRIVATE_KEY acts under the name of AUTHSOME_IDENTITY", async () => {
  await withHome(async (home) => {
    const env = {
      AUTHSOME_IDENTITY: "ci-quickly-0001",
      AUTHSOME_IDENTITY_PRIVATE_KEY: "7".repeat(64),
    };

    const { code, stdout } = await runCli(home, ["whoami", "--json"], { env });

    equal(code, 0);
    equal(JSON.parse(stdout).profile, "ci-quickly-0001");
    const keys = [...Deno.readDirSync(`${home.path}/client/identities`)].map(({ name }) => name);
    deepEqual(keys.filter((name) => name.endsWith(".key")), []);
  });
});
