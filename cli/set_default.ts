/**
 * `authsome set-default`: choose a provider's default connection.
 *
 * @module
 */
import { showRef } from "../core/connection.ts";
import { UsageError } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { readConnection } from "./connection_argument.ts";

const options = {} as const;

/** The command. */
export const setDefault: Command<typeof options> = {
  name: "set-default",
  description:
    "Choose the connection that is used when none is named. Runs that go on follow at once.",
  positionals: [{ name: "PROVIDER" }, { name: "CONNECTION", optional: true }],
  options,
  examples: [
    { line: "authsome set-default github work", says: "use github/work from now on" },
    { line: "authsome set-default github/work", says: "the same" },
  ],

  async run({ positionals: [word = "", name] }, { openClient, voice }) {
    const { provider, connection } = readConnection(word, name);
    if (connection === undefined) {
      throw new UsageError("Cannot run authsome set-default: CONNECTION is missing", {
        hint: `Run: authsome list ${provider}`,
      });
    }
    const client = await openClient();
    const { default_connection } = await client.setDefault({ provider, connection });
    voice.result(
      { status: "ok", provider, default_connection },
      () => `${showRef({ provider, connection })} is the default now`,
    );
  },
};
