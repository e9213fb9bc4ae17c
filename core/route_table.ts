/**
 * Which connection's credential a request gets: the routing table of a run, compiled once and asked
 * for every request. The proxy chooses with it, and the daemon checks that choice with it.
 *
 * Longest path prefix first, then exact host before wildcard before regular expression, then the
 * longer literal suffix. What is still equal is a tie: the connection made default last wins, and
 * the others are named so that it can be said out loud.
 *
 * @module
 */
import type { ProxyRoute } from "./api.ts";
import {
  canonicalHost,
  type HostPattern,
  hostRank,
  isUnderPath,
  literalEnd,
  matchesHost,
  parseHostPattern,
} from "./host_pattern.ts";

/** A route that matched. */
export interface RouteMatch {
  readonly route: ProxyRoute;
  /** Routes of other connections that matched as well and lost only by age; usually empty. */
  readonly tied: readonly ProxyRoute[];
}

/** Routes made ready for {@linkcode matchRoute}. */
export interface RouteTable {
  /** Routes of exact hosts, by host. */
  readonly exact: ReadonlyMap<string, readonly CompiledRoute[]>;
  /** Wildcards and regular expressions, by the literal end that every host of theirs has. */
  readonly bySuffix: ReadonlyMap<string, readonly CompiledRoute[]>;
  /** Paths of token endpoints and the like, in lower case, by their host. */
  readonly authEndpoints: ReadonlyMap<string, ReadonlySet<string>>;
  /** Routes whose host is no pattern; they match nothing. */
  readonly unusable: readonly ProxyRoute[];
  /** Filled as hosts are asked for: one that is asked for again is looked up once. */
  readonly byHost: Map<string, readonly CompiledRoute[]>;
}

/** A program that asks for ever new hosts costs no memory for it. */
const MAX_KNOWN_HOSTS = 1000;

/** One route with its pattern parsed. */
export interface CompiledRoute {
  readonly route: ProxyRoute;
  readonly pattern: HostPattern;
  /** Path prefix without a trailing slash. */
  readonly prefix: string;
  /** Milliseconds since 1970; 0 where the connection never was a default. */
  readonly defaultSince: number;
}

/** Compiles routes; a hundred thousand lookups cost no more for hundreds of them than for one. */
export function compileRoutes(routes: readonly ProxyRoute[]): RouteTable {
  const exact = new Map<string, CompiledRoute[]>();
  const bySuffix = new Map<string, CompiledRoute[]>();
  const authEndpoints = new Map<string, Set<string>>();
  const unusable: ProxyRoute[] = [];
  for (const route of routes) {
    for (const { host, path } of route.auth_endpoints) {
      const name = host.toLowerCase();
      const paths = authEndpoints.get(name) ?? new Set();
      authEndpoints.set(name, paths.add(endpointPath(path)));
    }
    const compiled = compileRoute(route);
    if (compiled === null) {
      unusable.push(route);
      continue;
    }
    const index = compiled.pattern.kind === "exact" ? exact : bySuffix;
    const entries = index.get(compiled.pattern.suffix);
    if (entries === undefined) index.set(compiled.pattern.suffix, [compiled]);
    else entries.push(compiled);
  }
  return { exact, bySuffix, authEndpoints, unusable, byHost: new Map() };
}

function compileRoute(route: ProxyRoute): CompiledRoute | null {
  try {
    return {
      route,
      pattern: parseHostPattern(route.host),
      prefix: route.path.replace(/\/+$/, ""),
      defaultSince: route.default_since === null ? 0 : Date.parse(route.default_since) || 0,
    };
  } catch {
    return null;
  }
}

/**
 * The route for a request, or `null`. `host` is that of the authority that was connected to; one that
 * is not in its canonical spelling matches nothing. `path` may carry a query. `port` is the
 * authority's; who leaves it out is told of the routes of every port.
 */
export function matchRoute(
  table: RouteTable,
  host: string,
  path: string,
  port?: number,
): RouteMatch | null {
  const candidates = routesOfHost(table, host);
  if (candidates.length === 0) return null;
  const readings = pathReadings(path);
  const endpoints = table.authEndpoints.get(host);
  if (endpoints !== undefined && readings.some((one) => endpoints.has(endpointPath(one)))) {
    return null;
  }
  let best: CompiledRoute[] = [];
  for (const candidate of candidates) {
    if (!isAtPort(candidate, port) || !coversAll(candidate, readings)) continue;
    const order = best.length === 0 ? -1 : compareSpecificity(candidate, best[0]!);
    if (order < 0) best = [candidate];
    else if (order === 0) best.push(candidate);
  }
  if (best.length === 0) return null;
  if (best.length === 1) return { route: best[0]!.route, tied: [] };
  const [winner, ...others] = best.sort(compareAge);
  return {
    route: winner!.route,
    tied: others.map((other) => other.route).filter((other) =>
      other.provider !== winner!.route.provider || other.connection !== winner!.route.connection
    ),
  };
}

function isAtPort({ route }: CompiledRoute, port: number | undefined): boolean {
  return port === undefined || route.port === null || route.port === port;
}

function coversAll({ prefix }: CompiledRoute, readings: readonly string[]): boolean {
  for (const reading of readings) if (!isUnderPath(prefix, reading)) return false;
  return true;
}

/** Whether any path of this host is routed, so that its traffic has to be decrypted at all. */
export function isRoutedHost(table: RouteTable, host: string): boolean {
  return routesOfHost(table, host).length > 0;
}

/** Whether a route of this provider has the host, whatever its path is. */
export function isHostOf(table: RouteTable, provider: string, host: string): boolean {
  return routesOfHost(table, host).some(({ route }) => route.provider === provider);
}

function routesOfHost(table: RouteTable, host: string): readonly CompiledRoute[] {
  let routes = table.byHost.get(host);
  if (routes === undefined) {
    routes = findRoutesOfHost(table, host);
    if (table.byHost.size >= MAX_KNOWN_HOSTS) table.byHost.clear();
    table.byHost.set(host, routes);
  }
  return routes;
}

function findRoutesOfHost(table: RouteTable, host: string): readonly CompiledRoute[] {
  const exact = table.exact.get(host) ?? [];
  if (table.bySuffix.size === 0 || canonicalHost(host) !== host) return exact;
  let found: CompiledRoute[] | null = null;
  for (let from = 0; from >= 0; from = nextLabel(host, from)) {
    for (const entry of table.bySuffix.get(host.slice(from)) ?? []) {
      if (matchesHost(entry.pattern, host)) (found ??= [...exact]).push(entry);
    }
  }
  return found ?? exact;
}

function nextLabel(host: string, from: number): number {
  const dot = host.indexOf(".", from);
  return dot < 0 ? -1 : dot + 1;
}

/**
 * Every way a server may read the path. `/v1/../admin` and `/v1/..%2fadmin` are under `/v1` for one
 * server and `/admin` for another; a prefix has to cover all readings before a credential goes out.
 */
function pathReadings(path: string): string[] {
  const end = path.search(/[?#]/);
  const raw = end < 0 ? path : path.slice(0, end);
  if (!/\/\.|\/\/|\\|%(?:2e|2f|5c)/i.test(raw)) return [raw];
  const decoded = raw.replace(/%2e/gi, ".").replace(/%2f/gi, "/").replace(/%5c|\\/gi, "/");
  return [resolveDots(raw), resolveDots(decoded), resolveDots(decoded.replace(/\/{2,}/g, "/"))];
}

function resolveDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/").slice(1)) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** Auth endpoints are compared without trailing slashes and without regard to case. */
function endpointPath(path: string): string {
  return path.replace(/\/+$/, "").toLowerCase();
}

/** Negative when `a` is the more specific one. */
function compareSpecificity(a: CompiledRoute, b: CompiledRoute): number {
  return b.prefix.length - a.prefix.length ||
    hostRank(b.pattern) - hostRank(a.pattern) ||
    literalEnd(b.pattern) - literalEnd(a.pattern);
}

/** Negative when `a` became a default later; the name decides between equals, so that it is stable. */
function compareAge(a: CompiledRoute, b: CompiledRoute): number {
  return b.defaultSince - a.defaultSince ||
    (a.route.provider < b.route.provider ? -1 : a.route.provider > b.route.provider ? 1 : 0) ||
    a.route.rule - b.route.rule;
}
