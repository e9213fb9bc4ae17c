/**
 * `authsome inspect`: one provider, where its credentials go, and your connections to it.
 *
 * @module
 */
import type { ConnectionItem, ProviderItem } from "../core/api.ts";
import type { Command } from "./command.ts";
import { describeDefinition } from "./describe_definition.ts";
import { formatFacts } from "./table.ts";

const options = {} as const;

/** The command. */
export const inspect: Command<typeof options> = {
  name: "inspect",
  description:
    "Show one provider: the hosts its credentials go to, how one logs in, the variables it " +
    "fills, and your connections to it.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [
    { line: "authsome inspect github", says: "what authsome knows of GitHub" },
    { line: "authsome inspect github --json", says: "the whole definition" },
  ],

  async run({ positionals }, { openClient, voice }) {
    const client = await openClient();
    const provider = await client.getProvider(positionals[0]!);
    const list = await client.listConnections({ provider: provider.name });
    const connections = list.connections[0]?.connections ?? [];
    const { schema_version: _version, ...definition } = provider;
    voice.result({ ...definition, connections }, () =>
      formatFacts([
        ["name", provider.name],
        ["source", describeSource(provider)],
        ...describeDefinition(provider),
        ["connections", describeConnections(provider.name, connections)],
      ], voice.paint));
  },
};

function describeSource({ source, overrides_bundled }: ProviderItem): string {
  return overrides_bundled ? "custom, in front of a bundled one" : source;
}

function describeConnections(name: string, connections: readonly ConnectionItem[]): string {
  if (connections.length === 0) return `none yet: authsome login ${name}`;
  return connections.map(({ connection_name, is_default, status, refresh_error }) => {
    const refresh = refresh_error === null ? "" : `, refresh failed: ${refresh_error}`;
    return `${connection_name} (${is_default ? "default, " : ""}${status}${refresh})`;
  }).join(", ");
}
