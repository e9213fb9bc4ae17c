/**
 * `authsome run`: start a command that uses your logins and never sees them.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { isName } from "../core/provider.ts";
import { parseConnectTo } from "../proxy/connect_to.ts";
import type { Command } from "./command.ts";
import { readScopes } from "./read_scopes.ts";
import { runBehindProxy } from "./run_behind_proxy.ts";

const options = {
  only: { summary: "Nothing but these logins: P or P/C, with commas between", value: "P[/C],…" },
  connection: {
    summary: "Use connection C of provider P instead of its default",
    value: "P=C",
    multiple: true,
  },
  "deny-unmatched": { summary: "Refuse every host that no login covers" },
  "connect-to": {
    summary: "Dial ADDR:PORT for HOST:PORT; TLS is still verified for HOST",
    value: "HOST:PORT:ADDR:PORT",
    multiple: true,
  },
} as const;

/** The command. */
export const run: Command<typeof options> = {
  name: "run",
  description: "Run a command whose HTTPS requests carry your logins. The command itself gets\n" +
    "placeholders: it cannot read a credential, and it cannot lose one.",
  positionals: [],
  options,
  trailing: "-- CMD …",
  passThrough: true,
  examples: [
    { line: "authsome run -- python agent.py", says: "with every login you have" },
    { line: "authsome run --only github,openai -- claude", says: "with these two and no other" },
    { line: "authsome run --connection github=work -- gh repo list", says: "as another account" },
    { line: "authsome run --deny-unmatched -- ./build.sh", says: "no other host is reached" },
  ],

  async run({ options, rest }, context) {
    const [command, ...args] = rest;
    if (command === undefined || command === "") {
      throw new UsageError("Cannot run: no command is given", {
        hint: "For example: authsome run -- python agent.py",
      });
    }
    return await runBehindProxy({
      command,
      args,
      only: readScopes("--only", options.only),
      connections: readConnections(options.connection),
      connectTo: options["connect-to"].map(parseConnectTo),
      denyUnmatched: options["deny-unmatched"],
    }, context);
  },
};

/** `github=work`, each provider once. */
function readConnections(entries: readonly string[]): Record<string, string> {
  const connections: Record<string, string> = {};
  for (const entry of entries) {
    const [provider = "", connection = "", ...more] = entry.split("=");
    if (!isName(provider) || !isName(connection) || more.length > 0) {
      throw new UsageError(`Cannot use --connection: ${JSON.stringify(entry)} is not P=C`, {
        hint: "For example: --connection github=work",
      });
    }
    if (Object.hasOwn(connections, provider)) {
      throw new UsageError(`Cannot use --connection: ${provider} is given twice`);
    }
    connections[provider] = connection;
  }
  return connections;
}
