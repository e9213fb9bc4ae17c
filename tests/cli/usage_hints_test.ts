/**
 * Whatever was typed or set wrongly, the error says what to do about it.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";

interface Mistake {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly hint: RegExp;
}

/** None of them gets as far as a daemon. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a port that is none": {
    args: ["list"],
    env: { AUTHSOME_PORT: "http" },
    hint: /unset AUTHSOME_PORT/,
  },
  "a port out of range": {
    args: ["list"],
    env: { AUTHSOME_PORT: "65536" },
    hint: /unset AUTHSOME_PORT/,
  },
  "a relative home": {
    args: ["list"],
    env: { AUTHSOME_HOME: "here" },
    hint: /unset AUTHSOME_HOME/,
  },
  "a private key that is none": {
    args: ["list"],
    env: { AUTHSOME_IDENTITY_PRIVATE_KEY: "abc" },
    hint: /unset AUTHSOME_IDENTITY_PRIVATE_KEY/,
  },
  "another interface": { args: ["list"], env: { AUTHSOME_HOST: "0.0.0.0" }, hint: /ssh -L/ },
  "an address that is none": {
    args: ["list"],
    env: { AUTHSOME_DAEMON_URL: "localhost" },
    hint: /unset AUTHSOME_DAEMON_URL/,
  },
  "a password in an address": {
    args: ["list"],
    env: { AUTHSOME_DAEMON_URL: "http://me:secret@127.0.0.1:1" },
    hint: /unset AUTHSOME_DAEMON_URL/,
  },
  "a corporate proxy that is none": {
    args: ["list"],
    env: { HTTPS_PROXY: "http://" },
    hint: /unset HTTPS_PROXY/,
  },
  "roots that are not there": {
    args: ["list"],
    env: { SSL_CERT_FILE: "/nowhere.pem" },
    hint: /unset SSL_CERT_FILE/,
  },
  "a definition that is not there": {
    args: ["register", "missing.json"],
    hint: /authsome register --help/,
  },
  "a folder for a definition": { args: ["register", "."], hint: /authsome register --help/ },
  "a connection named twice": {
    args: ["get", "openai/work", "--connection", "home"],
    hint: /authsome get --help/,
  },
  "a provider that is no name": { args: ["get", "/"], hint: /authsome get --help/ },
  "a number of lines that is none": {
    args: ["daemon", "logs", "-n", "many"],
    hint: /authsome daemon logs --help/,
  },
  "a number of entries that is none": { args: ["log", "-n", "0"], hint: /authsome log --help/ },
  "a shell nobody knows": { args: ["completions", "csh"], hint: /authsome completions --help/ },
  "no scope": { args: ["login", "github", "--scopes", ","], hint: /authsome login --help/ },
  "--name without --mcp": {
    args: ["login", "github", "--name", "x"],
    hint: /authsome login --help/,
  },
  "--yes without --import": { args: ["scan", "--yes"], hint: /authsome scan --help/ },
  "a provider given twice": {
    args: ["run", "--connection", "a=b", "--connection", "a=c", "--", "true"],
    hint: /authsome run --help/,
  },
};

for (const [name, { args, env = {}, hint }] of Object.entries(MISTAKES)) {
  Deno.test(`a usage error has a hint: ${name}`, async () => {
    await withHome(async (home) => {
      const { code, stderr } = await runCli(home, args, { env });

      equal(code, 2, stderr);
      match(stderr, /^error: .+\n {2}→ .+/);
      match(stderr, hint);
      equal(stderr.includes("secret"), false);
    });
  });
}

const NO_DEFINITIONS: Readonly<Record<string, string>> = {
  "is not JSON": '{"name": "x"',
  "is empty": "",
  "is nested too deeply": "[".repeat(200_000),
  "is nested deeper than allowed": `${'{"a":'.repeat(20)}1${"}".repeat(20)}`,
  "is a list": "[1]",
  "has an unknown field": '{"name":"x","display_name":"X","color":"red"}',
  "has the wrong bytes": "\0\x01\ud800",
  "is huge": `{"name":"${"x".repeat(1_000_000)}"}`,
  "has a catastrophic pattern": JSON.stringify({
    name: "odd",
    display_name: "Odd",
    auth_type: "api_key",
    hosts: ["regex:(a+)+\\.odd\\.test"],
    injection: { type: "header", name: "X-Key", value: "{api_key}" },
    fields: [{ name: "api_key", label: "API key", secret: true }],
  }),
};

for (const [name, text] of Object.entries(NO_DEFINITIONS)) {
  Deno.test(`register names the file of a definition that ${name}`, async () => {
    await withHome(async (home) => {
      await Deno.writeTextFile(`${home.directory}/odd.json`, text);

      const { code, stderr } = await runCli(home, ["register", "odd.json", "--yes"]);

      equal(code, 2, stderr);
      match(stderr, /^error: Cannot read odd\.json: .+/);
      match(stderr, /→ Run: authsome register --help/);
    });
  });
}
