/**
 * The hosts one connection's credential belongs to, and what is injected there. Compiled once for
 * each definition and base URL, because every request of a run asks for it.
 *
 * @module
 */
import type { ProxyRoute } from "../../core/api.ts";
import type { ConnectionRef, ConnectionSummary } from "../../core/connection.ts";
import { urlVariables } from "../../core/base_url.ts";
import { authEndpoints, hostRules, type ParsedRule } from "../../core/host_rules.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { compileRoutes, type RouteTable } from "../../core/route_table.ts";

/** Where a connection's API is. */
export type ConnectionPlace = Pick<ConnectionSummary, "base_url" | "api_url">;

/** The place of a connection that was not made yet. */
export const NO_PLACE: ConnectionPlace = { base_url: null, api_url: null };

/** A connection's rules, ready to match. */
export interface ConnectionRoutes {
  readonly rules: readonly ParsedRule[];
  /** Routes without the connection's name; `rule` is the index into `rules`. */
  readonly routes: readonly ProxyRoute[];
  readonly table: RouteTable;
  /** Variables of the base URL. */
  readonly variables: Readonly<Record<string, string>>;
}

const compiled = new WeakMap<ProviderDefinition, Map<string, ConnectionRoutes>>();
/** Places kept compiled for one definition. */
const CAPACITY = 1000;

/** The routes of a connection with this definition at this place. */
export function connectionRoutes(
  definition: ProviderDefinition,
  place: ConnectionPlace,
): ConnectionRoutes {
  let byPlace = compiled.get(definition);
  if (byPlace === undefined) compiled.set(definition, byPlace = new Map());
  const key = `${place.base_url ?? ""} ${place.api_url ?? ""}`;
  const known = byPlace.get(key);
  if (known !== undefined) return known;
  if (byPlace.size >= CAPACITY) byPlace.clear();
  const made = compile(definition, place);
  byPlace.set(key, made);
  return made;
}

/** The routes as the proxy is told them. */
export function routesFor(
  ref: ConnectionRef,
  { routes }: ConnectionRoutes,
  defaultSince: Date | null,
): ProxyRoute[] {
  const since = defaultSince?.toISOString() ?? null;
  return routes.map((route) => ({ ...route, ...ref, default_since: since }));
}

/**
 * The URL of a connection's API as programs want it in their environment: what the login said, or
 * the definition's first host that is not a pattern; null when there is none.
 */
export function apiUrlOf(definition: ProviderDefinition, place: ConnectionPlace): string | null {
  const { rules, variables } = connectionRoutes(definition, place);
  const fixed = rules.find(({ pattern }) => pattern.kind === "exact");
  const known = place.api_url ?? variables["api_url"] ?? null;
  if (known !== null || fixed === undefined) return known;
  const { pattern, port, path, index } = fixed;
  const isPlain = definition.hosts[index]!.url.startsWith("http://");
  return `http${isPlain ? "" : "s"}://${pattern.text}${port === null ? "" : `:${port}`}${path}`;
}

function compile(
  definition: ProviderDefinition,
  { base_url, api_url }: ConnectionPlace,
): ConnectionRoutes {
  const rules = hostRules(definition, base_url, api_url);
  const endpoints = authEndpoints(definition, base_url, api_url);
  const allow_private = definition.allow_private === true;
  const routes = rules.map(({ pattern, port, isHttps, path }, rule): ProxyRoute => ({
    provider: definition.name,
    connection: "",
    host: pattern.text,
    port,
    path,
    api_url: `${pattern.text}${path}`,
    rule,
    default_since: null,
    auth_endpoints: endpoints,
    auth_endpoint_paths: [...new Set(endpoints.map((endpoint) => endpoint.path))],
    allow_private,
    allow_plain: allow_private && !isHttps,
  }));
  return {
    rules,
    routes,
    table: compileRoutes(routes),
    variables: urlVariables(definition, base_url, api_url),
  };
}
