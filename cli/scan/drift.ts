/**
 * How what was found stands to what is kept: one row per provider and place.
 *
 * @module
 */
import type { DaemonClient } from "../../client/daemon_client.ts";
import type { ConnectionList } from "../../core/api.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { FoundCredential } from "./found_credential.ts";
import { hasVariables, takesKey } from "./match_variables.ts";

/** How a credential stands, in the reference implementation's words. */
export type DriftStatus =
  | "env_and_authsome_match"
  | "env_and_authsome_different"
  | "env_only"
  | "authsome_only"
  | "both_missing"
  | "no_env_mapping"
  | "no_env_mapping_authsome_present";

/** One row of the report. Holds no value. */
export interface DriftRow {
  readonly provider: string;
  /** The connection it was compared with; null when there is none. */
  readonly connection: string | null;
  readonly status: DriftStatus;
  readonly found: FoundCredential | null;
  /** Fields of a key that nothing was found for; nothing to import then. */
  readonly lacking: readonly string[];
  /** Whether a key login could take what was found. */
  readonly importable: boolean;
}

/** What is compared. */
export interface DriftParts {
  readonly definitions: readonly ProviderDefinition[];
  readonly found: readonly FoundCredential[];
  readonly connections: ConnectionList["connections"];
  /** Compare with this connection instead of each provider's default one. */
  readonly connection: string | undefined;
}

/** The rows, by provider. The daemon compares: no kept value is asked for. */
export async function findDrift(client: DaemonClient, parts: DriftParts): Promise<DriftRow[]> {
  const rows: DriftRow[] = [];
  for (const definition of parts.definitions) {
    const connection = keptConnection(parts, definition.name);
    const found = parts.found.filter(({ provider }) => provider === definition.name)
      .filter((one) => connection !== null || !isSomebodyElses(definition, one, parts));
    if (found.length === 0) rows.push(absentRow(definition, connection));
    for (const one of found) rows.push(await foundRow(client, definition, connection, one));
  }
  return rows.sort((a, b) => a.provider < b.provider ? -1 : a.provider > b.provider ? 1 : 0);
}

/** The connection of a provider that counts here, where there is one. */
function keptConnection(
  { connections, connection }: DriftParts,
  provider: string,
): string | null {
  const list = connections.find(({ name }) => name === provider);
  const wanted = connection ?? list?.default_connection ?? null;
  const isThere = list?.connections.some(({ connection_name }) => connection_name === wanted);
  return isThere === true ? wanted : null;
}

/**
 * `GITHUB_TOKEN` is named by the OAuth provider and by the one for keys. Where nobody logged in to the
 * former, it is a key.
 */
function isSomebodyElses(
  definition: ProviderDefinition,
  { fields }: FoundCredential,
  { definitions }: DriftParts,
): boolean {
  if (takesKey(definition)) return false;
  const names = Object.values(fields).map(({ env_var }) => env_var);
  return definitions.some((other) =>
    other !== definition && takesKey(other) &&
    names.some((name) => name !== null && Object.hasOwn(other.env, name))
  );
}

function absentRow(definition: ProviderDefinition, connection: string | null): DriftRow {
  const isMapped = hasVariables(definition);
  const status = connection !== null
    ? isMapped ? "authsome_only" : "no_env_mapping_authsome_present"
    : isMapped
    ? "both_missing"
    : "no_env_mapping";
  const { name: provider } = definition;
  return { provider, connection, status, found: null, lacking: [], importable: false };
}

async function foundRow(
  client: DaemonClient,
  definition: ProviderDefinition,
  connection: string | null,
  found: FoundCredential,
): Promise<DriftRow> {
  const lacking = takesKey(definition)
    ? definition.fields.map(({ name }) => name).filter((name) => !Object.hasOwn(found.fields, name))
    : [];
  const status = connection === null
    ? "env_only"
    : await isSame(client, definition.name, connection, found)
    ? "env_and_authsome_match"
    : "env_and_authsome_different";
  return {
    provider: definition.name,
    connection,
    status,
    found,
    lacking,
    importable: takesKey(definition) && lacking.length === 0,
  };
}

async function isSame(
  client: DaemonClient,
  provider: string,
  connection: string,
  { fields: found }: FoundCredential,
): Promise<boolean> {
  const values = Object.fromEntries(
    Object.entries(found).map(([name, { value }]) => [name, value.reveal()]),
  );
  const { fields } = await client.compareCredential({ provider, connection, values });
  return Object.values(fields).every((state) => state === "same");
}
