/**
 * What a run's proxy must know: which hosts get a credential, which variables get a placeholder, and
 * which hosts its certificate authority may ever speak for.
 *
 * @module
 */
import type { PlaceholderVariable, ProxyRoute, ProxyRoutes } from "../../core/api.ts";
import type { Connection, ConnectionRef } from "../../core/connection.ts";
import { grantedConnection } from "../../core/grant.ts";
import { knownHosts } from "../../core/host_rules.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { compileRoutes, type RouteTable } from "../../core/route_table.ts";
import { listDefaultConnections } from "../records/connection_lists.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import { type Caller, vaultOf } from "./caller.ts";
import {
  apiUrlOf,
  type ConnectionPlace,
  connectionRoutes,
  NO_PLACE,
  routesFor,
} from "./connection_routes.ts";

/** `connected`: what can be used now. `configured`: every known provider, logged in or not. */
export type RouteScope = "connected" | "configured";

/** Routes, variables and known hosts for a caller. */
export async function proxyRoutes(
  broker: Broker,
  caller: Caller,
  scope: RouteScope = "connected",
): Promise<ProxyRoutes> {
  // Read before the connections: a change in between makes the next answer look new, never old.
  const revision = broker.changes.revision;
  const chosen = await usableConnections(broker, caller);
  const routes = chosen.flatMap((entry) => routesOf(entry));
  if (scope === "configured") routes.push(...unconnectedRoutes(broker, chosen));
  const environment: PlaceholderVariable[] = [];
  for (const entry of chosen) environment.push(...await variablesOf(broker, caller, entry));
  return {
    routes: routes.sort(byPrecedence),
    environment,
    known_hosts: everyKnownHost(broker, routes),
    revision,
  };
}

const tables = new WeakMap<Broker, Map<string, { revision: number; table: RouteTable }>>();

/** The caller's routes, compiled; kept until something changes. */
export async function callerRoutes(broker: Broker, caller: Caller): Promise<RouteTable> {
  const key = caller.type === "owner" ? caller.identity : caller.grant.id;
  let kept = tables.get(broker);
  if (kept === undefined) tables.set(broker, kept = new Map());
  const known = kept.get(key);
  const revision = broker.changes.revision;
  if (known?.revision === revision) return known.table;
  const chosen = await usableConnections(broker, caller);
  const table = compileRoutes(chosen.flatMap((entry) => routesOf(entry)));
  if (kept.size >= 1000) kept.clear();
  kept.set(key, { revision, table });
  return table;
}

interface UsableConnection {
  readonly ref: ConnectionRef;
  readonly definition: ProviderDefinition;
  readonly place: ConnectionPlace;
  readonly defaultSince: Date | null;
}

/** One connection of each provider: the grant's choice, or the default; what the caller may use. */
async function usableConnections(
  broker: Broker,
  caller: Caller,
): Promise<readonly UsableConnection[]> {
  const vaultId = vaultOf(caller);
  const limits = caller.type === "run"
    ? caller.grant
    : { only: caller.runner?.only ?? null, connections: {} };
  const usable: UsableConnection[] = [];
  for (const entry of await listDefaultConnections(broker.vault, vaultId)) {
    const { provider, default_connection, default_since, summary } = entry;
    const definition = broker.catalogue.find(provider);
    const granted = grantedConnection(limits, provider);
    if (definition === null || granted === undefined) continue;
    const name = granted ?? default_connection;
    const ref = { provider, connection: name };
    if (name === default_connection) {
      usable.push({ ref, definition, place: summary, defaultSince: default_since });
      continue;
    }
    const connection = await readConnection(broker.vault, vaultId, ref);
    if (connection === null) continue;
    // Chosen by hand for this run: it wins over whatever became a default earlier.
    const since = caller.type === "run" ? caller.grant.created_at : null;
    usable.push({ ref, definition, place: connection, defaultSince: since });
  }
  return usable;
}

function routesOf({ ref, definition, place, defaultSince }: UsableConnection): ProxyRoute[] {
  return routesFor(ref, connectionRoutes(definition, place), defaultSince);
}

function unconnectedRoutes(
  broker: Broker,
  connected: readonly UsableConnection[],
): ProxyRoute[] {
  const names = new Set(connected.map((entry) => entry.ref.provider));
  return broker.catalogue.all().filter(({ name }) => !names.has(name)).flatMap((definition) =>
    routesFor(
      { provider: definition.name, connection: "default" },
      connectionRoutes(definition, NO_PLACE),
      null,
    )
  );
}

/** Exact hosts first, then by name: the order the reference gives. */
function byPrecedence(a: ProxyRoute, b: ProxyRoute): number {
  return Number(a.host.startsWith("regex:")) - Number(b.host.startsWith("regex:")) ||
    (a.provider < b.provider ? -1 : a.provider > b.provider ? 1 : a.rule - b.rule);
}

async function variablesOf(
  broker: Broker,
  caller: Caller,
  { ref, definition, place }: UsableConnection,
): Promise<PlaceholderVariable[]> {
  const plain = new Set(
    definition.fields.filter((field) => !field.secret).map((field) => field.name),
  );
  const entries = Object.entries(definition.env);
  // What is no secret is told as it is, and it is kept with the secrets.
  const connection = entries.some(([, field]) => plain.has(field))
    ? await readConnection(broker.vault, vaultOf(caller), ref)
    : null;
  const variables = entries.map(([name, field]) => ({
    name,
    ...ref,
    field,
    pattern: definition.fields.find((entry) => entry.name === field)?.pattern ?? null,
    value: plainValue(definition, place, connection, field, plain),
  }));
  // A URL that nobody knows is left out: a placeholder would be no URL.
  return variables.filter(({ field, value }) =>
    value !== null || (field !== "api_url" && field !== "base_url")
  );
}

function plainValue(
  definition: ProviderDefinition,
  place: ConnectionPlace,
  connection: Connection | null,
  field: string,
  plain: ReadonlySet<string>,
): string | null {
  if (field === "base_url") return place.base_url ?? definition.base_url?.default ?? null;
  if (field === "api_url") return apiUrlOf(definition, place);
  return plain.has(field) ? connection?.secrets[field]?.reveal() ?? null : null;
}

const patterns = new WeakMap<ProviderDefinition, readonly string[]>();

/** Patterns of every definition's hosts, and of the hosts that logins pinned. */
function everyKnownHost(broker: Broker, routes: readonly ProxyRoute[]): string[] {
  const known = new Set(routes.map((route) => route.host));
  for (const definition of broker.catalogue.all()) {
    let hosts = patterns.get(definition);
    if (hosts === undefined) patterns.set(definition, hosts = knownHosts(definition));
    for (const host of hosts) known.add(host);
  }
  return [...known].sort();
}
