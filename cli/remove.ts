/**
 * `authsome remove`: remove a custom provider definition, or reset a bundled one.
 *
 * @module
 */
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const remove: Command<typeof options> = {
  name: "remove",
  description:
    "Remove a provider you registered. Where it stood in front of a bundled one of the same " +
    "name, that one is used again. Its connections are revoked and forgotten.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [{ line: "authsome remove acme", says: "forget the definition of acme" }],

  async run({ positionals }, { openClient, voice }) {
    const client = await openClient();
    const { provider, action, warnings } = await client.removeProvider(positionals[0]!);
    for (const warning of warnings) voice.warning(warning);
    voice.result(
      { status: "removed", provider, action },
      () =>
        action === "reset"
          ? `Reset ${provider} to its bundled definition`
          : `Removed the definition of ${provider}`,
    );
  },
};
