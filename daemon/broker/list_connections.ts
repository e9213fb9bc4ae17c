/**
 * Connections as people see them: a list, and one with its secrets masked unless they are asked for.
 *
 * @module
 */
import type {
  ConnectionDetail,
  ConnectionItem,
  ConnectionList,
  ConnectionListQuery,
} from "../../core/api.ts";
import {
  type Connection,
  type ConnectionRef,
  type ConnectionSummary,
  type ProviderConnections,
  showRef,
} from "../../core/connection.ts";
import { ConnectionNotFoundError } from "../../core/errors.ts";
import { nearest } from "../../core/suggestion.ts";
import { REDACTED, type Secret } from "../../core/secret.ts";
import { readProviderConnections } from "../records/connection_index.ts";
import { listProviderConnections } from "../records/connection_lists.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { narrowList } from "./narrow_list.ts";
import { readRefreshStatus, refreshErrorOf } from "./refresh_status.ts";

/** Every provider that has connections, by name; of another machine's, those it was let in for. */
export async function listConnections(
  broker: Broker,
  owner: OwnerCaller,
  query: ConnectionListQuery = {},
): Promise<ConnectionList> {
  const only = owner.runner?.only ?? null;
  const asked = only === null ? query : { ...query, limit: undefined };
  const listed = await listProviderConnections(broker.vault, owner.vault_id, asked);
  const providers = only === null ? listed : narrowList(listed, only, query.limit);
  return {
    connections: await Promise.all(providers.map(async (known) => ({
      name: known.provider,
      default_connection: known.default_connection,
      connection_count: known.connection_count,
      connections: await showSummaries(broker, owner, known),
    }))),
  };
}

/** The connections of one provider; none of one that has none. */
export async function listConnectionsOf(
  broker: Broker,
  owner: OwnerCaller,
  provider: string,
): Promise<readonly ConnectionItem[]> {
  const known = await readProviderConnections(broker.vault, owner.vault_id, provider);
  return known === null ? [] : await showSummaries(broker, owner, known);
}

function showSummaries(
  broker: Broker,
  { vault_id }: OwnerCaller,
  { provider, default_connection, connections }: ProviderConnections,
): Promise<ConnectionItem[]> {
  const now = broker.now();
  return Promise.all(connections.map(async (item) => ({
    ...showSummary(item, item.connection_name === default_connection, now),
    refresh_error: await refreshErrorOf(broker, vault_id, provider, item),
  })));
}

/**
 * One connection. With `showSecrets` its values are in clear, which is written down first.
 *
 * @throws {ConnectionNotFoundError}
 */
export async function showConnection(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
  showSecrets: boolean,
): Promise<ConnectionDetail> {
  const connection = await readConnection(broker.vault, owner.vault_id, ref);
  if (connection === null) throw await connectionNotFound(broker, owner, ref);
  if (showSecrets) {
    broker.audit({ event: "get", status: "success", identity: owner.identity, ...ref });
  }
  const found = await broker.defaults.of(owner.vault_id, ref.provider);
  const isDefault = found?.default_connection === ref.connection;
  return {
    ...showDetail(connection, isDefault, broker.now(), showSecrets),
    refresh: connection.auth_type === "api_key"
      ? null
      : await readRefreshStatus(broker, owner.vault_id, ref),
  };
}

/** No such connection, with the names nearest to it. */
export async function connectionNotFound(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
): Promise<ConnectionNotFoundError> {
  const known = await readProviderConnections(broker.vault, owner.vault_id, ref.provider);
  const names = known?.connections.map((item) => item.connection_name) ?? [];
  const near = nearest(ref.connection, names)[0];
  return new ConnectionNotFoundError(`Cannot find ${showRef(ref)}: there is no such connection`, {
    ...ref,
    hint: near !== undefined
      ? `Did you mean ${ref.provider}/${near}?`
      : `Run: authsome login ${ref.provider} --connection ${ref.connection}`,
  });
}

function showSummary(
  item: ConnectionSummary,
  isDefault: boolean,
  now: Date,
): Omit<ConnectionItem, "refresh_error"> {
  return {
    connection_name: item.connection_name,
    is_default: isDefault,
    auth_type: item.auth_type,
    status: statusAt(item, now),
    scopes: item.scopes,
    base_url: item.base_url,
    api_url: item.api_url,
    expires_at: item.expires_at?.toISOString() ?? null,
    account: item.account,
  };
}

/** A key whose time is over is not `connected`; a token is, while it can be refreshed. */
function statusAt(
  { status, expires_at, flow }: Pick<ConnectionSummary, "status" | "expires_at" | "flow">,
  now: Date,
): ConnectionSummary["status"] {
  if (status !== "connected" || expires_at === null || expires_at > now) return status;
  return flow === "api_key" ? "expired" : status;
}

function showDetail(
  connection: Connection,
  isDefault: boolean,
  now: Date,
  showSecrets: boolean,
): Omit<ConnectionDetail, "refresh"> {
  const show = (secret: Secret | undefined) =>
    secret === undefined ? null : showSecrets ? secret.reveal() : REDACTED;
  const { access_token, refresh_token, api_key, ...others } = connection.secrets;
  return {
    schema_version: 2,
    provider: connection.provider,
    connection_name: connection.connection_name,
    is_default: isDefault,
    identity: connection.identity,
    principal_id: connection.principal_id,
    vault_id: connection.vault_id,
    auth_type: connection.auth_type,
    flow: connection.flow,
    status: statusAt(connection, now),
    base_url: connection.base_url,
    api_url: connection.api_url,
    scopes: connection.scopes,
    access_token: show(access_token),
    refresh_token: show(refresh_token),
    api_key: show(api_key),
    credentials: Object.fromEntries(
      Object.entries(others).map(([name, secret]) => [name, show(secret) ?? ""]),
    ),
    token_type: connection.token_type,
    expires_at: connection.expires_at?.toISOString() ?? null,
    obtained_at: connection.obtained_at.toISOString(),
    account: connection.account,
    metadata: connection.metadata,
  };
}
