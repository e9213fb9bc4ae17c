/**
 * `authsome export`: credentials as environment variables, for tools that cannot use `run`.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { CONNECTION_OPTION, readConnection } from "./connection_argument.ts";

const FORMATS = ["env", "shell", "json"] as const;

const options = {
  connection: CONNECTION_OPTION,
  format: { summary: "How to print them", value: "FORMAT", choices: FORMATS },
} as const;

/** The command. */
export const exportCommand: Command<typeof options> = {
  name: "export",
  description:
    "Print credentials as environment variables. Expired tokens are refreshed first; refresh tokens " +
    "and client secrets are never printed. Prefer `authsome run`, which hands nothing over.",
  positionals: [{ name: "PROVIDER", optional: true }],
  options,
  examples: [
    { line: 'eval "$(authsome export openai --format shell)"', says: "into this shell" },
    { line: "authsome export github/work", says: "NAME=value lines of one connection" },
    { line: "authsome export --format json", says: "every connection" },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const named = positionals[0] === undefined
      ? { provider: undefined, connection: options.connection }
      : readConnection(positionals[0], options.connection);
    const format = options.format as typeof FORMATS[number] | undefined;
    const client = await openClient();
    const { output, credentials } = await client.exportCredentials({
      ...named,
      format: format ?? "env",
    });
    if (Deno.stdout.isTerminal()) {
      voice.warning("these are secrets in clear", "Prefer: authsome run -- CMD");
    }
    if (Object.keys(credentials).length === 0) {
      voice.note("There is nothing to export. To log in: authsome login PROVIDER");
    }
    voice.result({ credentials }, () => output, { exact: true });
  },
};
