/**
 * `authsome whoami`: where things are and who is asking.
 *
 * @module
 */
import type { ConnectionList, WhoAmI } from "../core/api.ts";
import type { Command } from "./command.ts";
import { formatFacts } from "./table.ts";
import type { Paint } from "./color.ts";

const options = {} as const;

/** The command. */
export const whoami: Command<typeof options> = {
  name: "whoami",
  description: "Show the home, the profile, the vault and the daemon in use.",
  positionals: [],
  options,
  examples: [{ line: "authsome whoami --json", says: "the same for a program" }],

  async run(_args, { openClient, voice }) {
    const client = await openClient();
    const [who, { connections }] = await Promise.all([
      client.whoami(),
      // A person is told how many there are, a program their names.
      client.listConnections(voice.json ? {} : { limit: 0 }),
    ]);
    voice.result(describeWire(who, connections), () => describe(who, connections, voice.paint));
  },
};

/** The daemon's words, and the reference implementation's beside them. */
function describeWire(who: WhoAmI, connections: ConnectionList["connections"]): object {
  return {
    ...who,
    authsome_version: who.version,
    home_directory: who.home,
    encryption_backend: describeSource(who),
    vault_status: who.encryption.status === "ok" ? "OK" : "ERROR",
    connected_providers_count: connections.length,
    connected_providers: connections.map((provider) => ({
      name: provider.name,
      count: provider.connection_count,
      connections: provider.connections.map(({ connection_name }) => connection_name),
    })),
  };
}

function describe(
  who: WhoAmI,
  connections: ConnectionList["connections"],
  paint: Paint,
): string {
  const isSound = who.encryption.status === "ok";
  const names = connections.map(({ name, connection_count: count }) =>
    count === 1 ? name : `${name} (${count})`
  );
  return formatFacts([
    ["profile", who.profile],
    ["did", who.did],
    ["home", who.home],
    ["vault", who.vault_id],
    ["encryption", {
      text: `${describeSource(who)}, ${isSound ? "works" : "does not open"}`,
      tone: isSound ? "green" : "red",
    }],
    ["daemon", `${who.daemon_url} (version ${who.version})`],
    ["connected", names.length === 0 ? "nothing yet" : names.join(", ")],
  ], paint);
}

/** Where the master key comes from, in words. */
function describeSource({ encryption: { source } }: WhoAmI): string {
  switch (source) {
    case "environment":
      return "AUTHSOME_MASTER_KEY";
    case "environment_file":
      return "AUTHSOME_MASTER_KEY_FILE";
    case "keyring":
      return "the system's keyring";
    case "passphrase":
      return "your passphrase";
    case "key_file":
      return "key file";
    default:
      return source;
  }
}
