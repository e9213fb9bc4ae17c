/**
 * `authsome logout`: forget one connection on this machine.
 *
 * @module
 */
import { showRef } from "../core/connection.ts";
import type { Command } from "./command.ts";
import { CONNECTION_OPTION, findConnection, readConnection } from "./connection_argument.ts";

const options = { connection: CONNECTION_OPTION } as const;

/** The command. */
export const logout: Command<typeof options> = {
  name: "logout",
  description: "Forget one connection on this machine. The provider is not told: see `revoke`.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [
    { line: "authsome logout github", says: "the default connection" },
    { line: "authsome logout github/work", says: "a named one" },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const named = readConnection(positionals[0]!, options.connection);
    const client = await openClient();
    const ref = await findConnection(client, named, { whereNobody: "list" });
    const { default_connection } = await client.logOut(ref);
    voice.result({ status: "logged_out", ...ref, default_connection }, () => {
      const next = default_connection === null
        ? ""
        : `; the default is ${ref.provider}/${default_connection}`;
      return `Logged out of ${showRef(ref)}${next}`;
    });
  },
};
