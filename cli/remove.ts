/**
 * `authsome remove`: remove a custom provider definition, or reset a bundled one.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { ProviderItem } from "../core/api.ts";
import {
  InvalidInputError,
  OperationNotAllowedError,
  ProviderNotFoundError,
} from "../core/errors.ts";
import { isName } from "../core/provider.ts";
import type { Command } from "./command.ts";
import { plural } from "./plural.ts";
import { canAsk, confirm } from "./prompt.ts";

const options = {
  yes: { summary: "Do not ask before connections are revoked and forgotten", short: "y" },
} as const;

/** The command. */
export const remove: Command<typeof options> = {
  name: "remove",
  description:
    "Remove a provider you registered. Where it stood in front of a bundled one of the same " +
    "name, that one is used again. Its connections are revoked and forgotten, the OAuth client " +
    "that was kept for it too; where there are connections, you are asked first.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [{ line: "authsome remove acme", says: "forget the definition of acme" }],

  async run({ positionals, options }, { openClient, voice }) {
    const name = positionals[0]!;
    const client = await openClient();
    const own = options.yes ? null : await ownDefinition(client, name);
    const lost = own === null ? 0 : await countConnections(client, name);
    if (lost > 0) {
      const connections = plural(lost, "connection");
      if (!canAsk()) {
        throw new InvalidInputError(
          `Cannot remove ${name}: ${connections} would go with it, and nobody can be asked here`,
          { provider: name, hint: `Run: authsome remove ${name} --yes` },
        );
      }
      const client = own?.auth_type === "oauth2" ? ", and its OAuth client forgotten" : "";
      voice.instruct(`${connections} of ${name} will be revoked and forgotten${client}.`);
      if (!await confirm(voice, "Go on?", false)) {
        voice.result(
          { status: "declined", provider: name, action: null, connections: 0 },
          () => "Nothing changed",
        );
        return;
      }
    }
    const { provider, action, warnings, connections = 0 } = await client.removeProvider(name);
    if (action === "unchanged") throw nothingToRemove(name, await countConnections(client, name));
    for (const warning of warnings) voice.warning(warning);
    voice.result(
      { status: "removed", provider, action, connections },
      () => {
        const done = action === "reset"
          ? `Reset ${provider} to its bundled definition`
          : `Removed the definition of ${provider}`;
        return connections === 0 ? done : `${done}; forgot ${plural(connections, "connection")}`;
      },
    );
  },
};

/** The person's own definition, where it stands on one; only then do connections go with it. */
async function ownDefinition(client: DaemonClient, name: string): Promise<ProviderItem | null> {
  try {
    const provider = await client.getProvider(name);
    return provider.source === "custom" ? provider : null;
  } catch (error) {
    // A file that cannot be used is no provider and can be removed all the same.
    if (error instanceof ProviderNotFoundError) return null;
    throw error;
  }
}

function nothingToRemove(name: string, connections: number): OperationNotAllowedError {
  return new OperationNotAllowedError(
    `Cannot remove ${name}: it is bundled, and you registered nothing in its place`,
    {
      provider: name,
      hint: connections === 0
        ? `Run: authsome inspect ${name}`
        : `To forget the login: authsome logout ${name}`,
    },
  );
}

async function countConnections(client: DaemonClient, provider: string): Promise<number> {
  if (!isName(provider)) return 0; // the daemon says that there is no such provider
  const { connections } = await client.listConnections({ provider, limit: 0 });
  return connections[0]?.connection_count ?? 0;
}
