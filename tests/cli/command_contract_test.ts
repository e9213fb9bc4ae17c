/**
 * What holds for every command line, whichever command it names.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { COMMANDS } from "../../cli/mod.ts";
import { VERSION } from "../../core/version.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";

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
