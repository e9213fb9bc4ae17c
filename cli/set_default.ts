/**
 * `authsome set-default`: choose a provider's default connection.
 *
 * @module
 */
import { showRef } from "../core/connection.ts";
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const setDefault: Command<typeof options> = {
  name: "set-default",
  description:
    "Choose the connection that is used when none is named. Runs that go on follow at once.",
  positionals: [{ name: "PROVIDER" }, { name: "CONNECTION" }],
  options,
  examples: [{ line: "authsome set-default github work", says: "use github/work from now on" }],

  async run({ positionals }, { openClient, voice }) {
    const [provider, connection] = positionals as [string, string];
    const client = await openClient();
    const { default_connection } = await client.setDefault({ provider, connection });
    voice.result(
      { status: "ok", provider, default_connection },
      () => `${showRef({ provider, connection })} is the default now`,
    );
  },
};
