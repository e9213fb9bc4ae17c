/**
 * Which connection a command line means: `github`, `github --connection work`, or `github/work`.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { ConnectionRef } from "../core/connection.ts";
import { ConnectionNotFoundError, CredentialMissingError, UsageError } from "../core/errors.ts";
import { isName } from "../core/provider.ts";
import { nearest } from "../core/suggestion.ts";
import type { CommandOption } from "./command.ts";

/** The option that commands about one connection share. */
export const CONNECTION_OPTION = {
  summary: "Which connection; left out: the provider's default one",
  value: "NAME",
} as const satisfies CommandOption;

/** A provider, and a connection where one was named. */
export interface NamedConnection {
  readonly provider: string;
  readonly connection: string | undefined;
}

/**
 * Splits `github/work`; the option, or a second word, says the same in the longer way.
 *
 * @throws {UsageError} when both name a connection, or a name is empty.
 */
export function readConnection(word: string, option: string | undefined): NamedConnection {
  const [provider = "", connection, ...more] = word.split("/");
  if (provider === "" || connection === "" || more.length > 0) {
    throw new UsageError(
      `Cannot read ${JSON.stringify(word)}: it is not PROVIDER or PROVIDER/NAME`,
    );
  }
  const name = connection ?? option;
  if (name !== undefined && !isName(name)) {
    throw new UsageError(`Cannot call a connection ${JSON.stringify(name)}`, {
      hint: "Use up to 64 lower-case letters, digits, dots, underscores and hyphens",
    });
  }
  if (connection !== undefined && option !== undefined) {
    throw new UsageError(`Cannot use both ${word} and ${option}: name the connection once`);
  }
  return { provider, connection: name };
}

/**
 * The connection that is meant; a name left out is the provider's default connection.
 *
 * @param options.whereNobody The command to hint at where nobody is logged in: who wants to log out
 * wants no login.
 * @throws {ProviderNotFoundError} for a provider that there is not.
 * @throws {CredentialMissingError} when no name was given and nobody is logged in.
 * @throws {ConnectionNotFoundError} when there is none of the name that was given.
 */
export async function findConnection(
  client: DaemonClient,
  { provider, connection }: NamedConnection,
  { whereNobody = "login" }: { readonly whereNobody?: "login" | "list" } = {},
): Promise<ConnectionRef> {
  const list = isName(provider)
    ? (await client.listConnections({ provider })).connections[0]
    : null;
  const known = list?.connections.map(({ connection_name }) => connection_name) ?? [];
  const meant = connection ?? list?.default_connection;
  if (typeof meant === "string" && known.includes(meant)) return { provider, connection: meant };
  if (known.length === 0) await client.getProvider(provider); // a mistyped name is the likelier mistake
  throw notThere({ provider, connection }, known, whereNobody);
}

function notThere(
  { provider, connection }: NamedConnection,
  known: readonly string[],
  whereNobody: "login" | "list",
): ConnectionNotFoundError | CredentialMissingError {
  if (known.length === 0) {
    const state = `Cannot find a connection of ${provider}: nobody is logged in`;
    const list = whereNobody === "list" ? "Run: authsome list" : null;
    // As `export` and `run` have it: 5 says log in, 3 says that you named what is not there.
    return connection === undefined
      ? new CredentialMissingError(state, {
        provider,
        hint: list ?? `Run: authsome login ${provider}`,
      })
      : new ConnectionNotFoundError(state, {
        provider,
        connection,
        hint: list ?? `Run: authsome login ${provider} --connection ${connection}`,
      });
  }
  const close = nearest(connection ?? "", known).map((name) => `${provider}/${name}`);
  return new ConnectionNotFoundError(
    `Cannot find ${provider}/${connection ?? "default"}: there is no such connection`,
    {
      provider,
      connection,
      hint: close.length > 0
        ? `Did you mean ${close.join(" or ")}?`
        : `Run: authsome list ${provider}`,
    },
  );
}
