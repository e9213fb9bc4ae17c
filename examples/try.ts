/**
 * `deno task try`: an agent uses a key that it never holds, on this machine alone.
 *
 * Everything is real and temporary: an HTTPS API with its own certificate authority, a home, a
 * daemon, a vault, a proxy and an agent. Nothing is left behind, on failure and Ctrl-C either.
 *
 * @module
 */
import { say } from "../tests/support/narrator.ts";
import { API_HOST, type LocalApi, startLocalApi } from "./local_api.ts";
import {
  type CommandOptions,
  type CommandResult,
  ROOT,
  TemporaryHome,
} from "../tests/support/temporary_home.ts";

/** A step that did not go as it should, and what to do about it. */
class TryError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const REPORT =
  "Run it again with a fresh cache (DENO_DIR=$(mktemp -d)); if it fails again, report it";

let steps = 0;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const home = await TemporaryHome.create();
  let api: LocalApi | null = null;
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => {
        say("");
        say("Interrupted.");
        resolve(130);
      });
    }
  });
  const play = async (): Promise<number> => {
    await fetchModules();
    const key = `acme_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
    api = startApi(key);
    await storeKey(home, key);
    const agent = await runAgent(home, api);
    await compare(home, api, key, agent);
    return 0;
  };
  let code = 1;
  try {
    code = await Promise.race([play(), interrupted]);
  } catch (error) {
    say("");
    say(error instanceof Error ? error.message : String(error));
    say(`To do: ${error instanceof TryError ? error.remedy : REPORT}`);
  } finally {
    code = await cleanUp(home, api) ? code : 1;
  }
  return code;
}

async function fetchModules(): Promise<void> {
  step("Fetching modules (from npm the first time, from the cache afterwards)");
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "cli.ts", "daemon/main.ts", "daemon/relay_main.ts"],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  if (code !== 0) {
    throw new TryError(
      "Cannot fetch the modules: see above",
      "See whether npm is reachable: npm ping",
    );
  }
}

function startApi(key: string): LocalApi {
  step(`Starting an HTTPS API for ${API_HOST} with a certificate authority of its own`);
  const api = startLocalApi(key);
  say(`  listening on 127.0.0.1:${api.port}; the one key it takes is ${key}`);
  return api;
}

async function storeKey(home: TemporaryHome, key: string): Promise<void> {
  step("Telling authsome about the provider, in a temporary home");
  await authsome(home, ["register", "examples/agent/acme.json", "--yes"]);

  step("Storing the key, as you would do once; it comes over standard input, not as an argument");
  await authsome(home, ["login", "acme", "--stdin"], { input: `${key}\n` });
}

async function runAgent(home: TemporaryHome, api: LocalApi): Promise<CommandResult> {
  step("Running the agent; its requests go through authsome");
  const roots = `${home.directory}/api-root.pem`;
  await Deno.writeTextFile(roots, api.rootCertificate);
  const to = `${API_HOST}:443:127.0.0.1:${api.port}`;
  return await authsome(home, ["run", "--connect-to", to, "--", "deno", "task", "agent"], {
    env: { SSL_CERT_FILE: roots },
  });
}

async function compare(
  home: TemporaryHome,
  api: LocalApi,
  key: string,
  agent: CommandResult,
): Promise<void> {
  const held = /^ACME_API_KEY=(.*)$/m.exec(agent.stdout)?.[1] ?? "(nothing)";
  const received = api.received.at(-1) ?? "(nothing)";
  say("");
  say(`  What the agent's environment held   Authorization: Bearer ${held}`);
  say(`  What the API received               Authorization: ${received}`);
  say("");
  const files = await home.filesHolding(key);
  if (held === key || held === "(nothing)" || received !== `Bearer ${key}` || files.length > 0) {
    throw new TryError("That is not how it should be: see the two lines above", REPORT);
  }
  say("  The agent used the key and never held it. No file of the home has it in plain text.");
}

/** Runs a command, showing it and what it says. */
async function authsome(
  home: TemporaryHome,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  say(`  $ authsome ${args.join(" ")}`);
  const result = await home.authsome(args, options);
  for (const line of `${result.stdout}${result.stderr}`.trimEnd().split("\n")) say(`    ${line}`);
  if (result.code !== 0) {
    throw new TryError(`authsome ${args[0]} ended with exit code ${result.code}`, REPORT);
  }
  return result;
}

async function cleanUp(home: TemporaryHome, api: LocalApi | null): Promise<boolean> {
  step("Stopping everything and removing the temporary home");
  await api?.stop();
  const left = await home.remove();
  if (left.length === 0) return true;
  say(`These processes would not end: ${left.join(", ")}`);
  say(`To do: kill ${left.join(" ")}`);
  return false;
}

function step(what: string): void {
  say(`${++steps}. ${what} …`);
}
