/**
 * Credentials as environment variables, for programs that cannot be run behind the proxy.
 *
 * Refresh tokens and client secrets never leave: what is exported can use an account until it
 * expires, and cannot make more of itself.
 *
 * @module
 */
import type { ExportRequest, ExportResult } from "../../core/api.ts";
import type { AuditEvent } from "../../core/audit_chain.ts";
import { type Connection, type ConnectionRef, showRef } from "../../core/connection.ts";
import { AuthsomeError } from "../../core/errors.ts";
import { environmentNames, type ProviderDefinition } from "../../core/provider.ts";
import { listProviderConnections } from "../records/connection_lists.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { chooseConnection, credentialMissing } from "./choose_connection.ts";
import { apiUrlOf } from "./connection_routes.ts";
import { formatCredentials } from "./format_credentials.ts";
import { connectionNotFound } from "./list_connections.ts";
import { refreshConnection } from "./refresh_connection.ts";

/** What stays here whatever a definition's `env` says. */
const NEVER_EXPORTED: ReadonlySet<string> = new Set([
  "refresh_token",
  "client_secret",
  "registration_access_token",
]);

/**
 * The credentials of one connection, or of all. One that cannot be used fails an export of its own,
 * and is left out (and named) of an export of everything.
 *
 * @throws {ProviderNotFoundError} @throws {ConnectionNotFoundError} @throws {CredentialMissingError}
 * @throws {TokenExpiredError} @throws {InvalidInputError} for a value the format cannot hold.
 */
export async function exportCredentials(
  broker: Broker,
  owner: OwnerCaller,
  { provider = null, connection = null, format = "env" }: ExportRequest,
): Promise<ExportResult> {
  const everything = provider === null;
  const refs = everything
    ? await allConnections(broker, owner)
    : [await chooseConnection(broker, owner, broker.catalogue.get(provider).name, connection)];
  const credentials: Record<string, string> = {};
  const skipped: string[] = [];
  const leaving: AuditEvent[] = [];
  const written = { event: "export", identity: owner.identity, details: { format } } as const;
  for (const ref of refs) {
    try {
      const usable = await usableConnection(broker, owner, ref, connection !== null);
      addVariables(credentials, broker.catalogue.get(ref.provider), usable);
      leaving.push({ ...written, ...ref, status: "success" });
    } catch (error) {
      if (!everything || !(error instanceof AuthsomeError)) throw error;
      skipped.push(`${showRef(ref)}: ${error.message}`);
    }
  }
  const output = formatCredentials(credentials, format, skipped);
  broker.audit(...leaving);
  return { output, credentials, skipped };
}

/** Every connection, each provider's default first, so that it gets the plain name. */
async function allConnections(broker: Broker, owner: OwnerCaller): Promise<ConnectionRef[]> {
  const providers = await listProviderConnections(broker.vault, owner.vault_id);
  const refs = providers.flatMap(({ provider, default_connection, connections }) =>
    connections.map(({ connection_name }) => ({
      ref: { provider, connection: connection_name },
      isDefault: connection_name === default_connection,
    }))
  );
  return refs.sort((a, b) => Number(b.isDefault) - Number(a.isDefault)).map(({ ref }) => ref);
}

async function usableConnection(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
  named: boolean,
): Promise<Connection> {
  const connection = await readConnection(broker.vault, owner.vault_id, ref);
  if (connection === null) {
    throw named ? await connectionNotFound(broker, owner, ref) : credentialMissing(ref);
  }
  return await refreshConnection(broker, connection);
}

function addVariables(
  into: Record<string, string>,
  definition: ProviderDefinition,
  connection: Connection,
): void {
  for (const [field, value] of exportedFields(definition, connection)) {
    const name = environmentNames(definition, field)[0] ??
      upper(`${definition.name}_${field}`);
    into[freeName(into, name, connection)] = value;
  }
}

/** The fields that leave, with their values. */
function exportedFields(
  definition: ProviderDefinition,
  connection: Connection,
): [string, string][] {
  const { secrets, base_url } = connection;
  const api_url = apiUrlOf(definition, connection);
  const fields: [string, string][] = Object.entries(secrets)
    .filter(([name]) => !NEVER_EXPORTED.has(name))
    .map(([name, secret]) => [name, secret.reveal()]);
  // Facts that are no secrets only where the definition has a variable for them.
  for (const [name, value] of [["base_url", base_url], ["api_url", api_url]] as const) {
    if (value !== null && environmentNames(definition, name).length > 0) fields.push([name, value]);
  }
  return fields;
}

/** `NAME`, or with the connection's and the provider's name behind it where that is taken. */
function freeName(
  taken: Readonly<Record<string, string>>,
  name: string,
  { provider, connection_name }: Connection,
): string {
  const candidates = [
    name,
    `${name}_${upper(connection_name)}`,
    `${name}_${upper(provider)}_${upper(connection_name)}`,
  ];
  for (let n = 2; n < 1000; n++) candidates.push(`${candidates[2]}_${n}`);
  return candidates.find((candidate) => !Object.hasOwn(taken, candidate)) ?? name;
}

function upper(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^(?=\d)/, "_");
}
