/**
 * `authsome revoke`: revoke a provider's tokens and forget everything kept of it.
 *
 * @module
 */
import type { RevokeResult } from "../core/api.ts";
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const revoke: Command<typeof options> = {
  name: "revoke",
  description:
    "Revoke a provider's tokens at the provider, where it offers that, and forget every " +
    "connection and OAuth client of it on this machine.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [{ line: "authsome revoke github", says: "all connections to GitHub" }],

  async run({ positionals }, { openClient, voice }) {
    const provider = positionals[0]!;
    const client = await openClient();
    const result = await client.revokeProvider(provider);
    for (const { connection, token, outcome, detail } of result.outcomes) {
      if (outcome !== "refused" && outcome !== "unreachable") continue;
      const why = detail === null ? outcome : `${outcome}, ${detail}`;
      voice.warning(
        `the ${token.replace("_", " ")} of ${provider}/${connection} may still work: ${why}`,
        "Revoke it in the provider's own settings",
      );
    }
    const { connections, outcomes } = result;
    voice.result({ status: "revoked", provider, connections, outcomes }, () => describe(result));
  },
};

function describe({ provider, connections, outcomes }: RevokeResult): string {
  if (connections === 0) return `There was no connection of ${provider}`;
  const count = connections === 1 ? "1 connection" : `${connections} connections`;
  const unsupported = outcomes.length > 0 &&
    outcomes.every(({ outcome }) => outcome === "not_supported");
  const rest = unsupported ? "; the provider offers no revocation, so delete its keys there" : "";
  return `Forgot ${count} of ${provider}${rest}`;
}
