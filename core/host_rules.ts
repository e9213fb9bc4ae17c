/**
 * Where a connection's credential may go and where it never does, from its provider's definition and
 * what was fixed at login.
 *
 * @module
 */
import { fillBaseUrl, isSameBaseUrl, urlVariables } from "./base_url.ts";
import { type HostPattern, parseHostPattern } from "./host_pattern.ts";
import { type Injection, templateVariables } from "./injection.ts";
import type { BaseUrl, ProviderDefinition } from "./provider.ts";

/** One host rule, ready to match. */
export interface ParsedRule {
  readonly pattern: HostPattern;
  /** The only one, where it is named. */
  readonly port: number | null;
  /** `https://` stands there, as in every base URL that is not on this machine. */
  readonly isHttps: boolean;
  /** Path prefix, `""` for all paths. */
  readonly path: string;
  readonly injection: Injection;
  /** Place of the rule in the definition's `hosts`. */
  readonly index: number;
}

/** `host`, `host:port/path`, `https://host/path` or `regex:…` as a pattern, a port and a path prefix. */
export function parseHostRule(
  url: string,
): Pick<ParsedRule, "pattern" | "port" | "isHttps" | "path"> {
  if (url.startsWith("regex:")) {
    return { pattern: parseHostPattern(url), port: null, isHttps: false, path: "" };
  }
  const bare = url.replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  const authority = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? "" : bare.slice(slash).replace(/\/+$/, "");
  const port = /:(\d+)$/.exec(authority)?.[1];
  return {
    pattern: parseHostPattern(authority.replace(/:\d+$/, "")),
    port: port === undefined ? null : Number(port),
    isHttps: url.startsWith("https://"),
    path,
  };
}

/**
 * The rules a connection's credential follows, with the base URL it logged in with and the API URL
 * that its provider named.
 *
 * A rule with variables is pinned to those. When the base URL is not the definition's default
 * (GitHub Enterprise, a self-hosted GitLab), the fixed hosts belong to somebody else's instance and
 * are left out.
 */
export function hostRules(
  provider: ProviderDefinition,
  baseUrl: string | null,
  apiUrl: string | null = null,
): ParsedRule[] {
  const variables = urlVariables(provider, baseUrl, apiUrl);
  const base = provider.base_url;
  const other = base?.template === "{base_url}" && base.default !== undefined &&
    baseUrl !== null && !isSameBaseUrl(baseUrl, base.default);
  const rules: ParsedRule[] = [];
  for (const [index, rule] of provider.hosts.entries()) {
    const fixed = templateVariables(rule.url).length === 0;
    if (fixed ? other : rule.only === "other_base_url" && !other) continue;
    const filled = fixed ? rule.url : fillBaseUrl(rule.url, variables);
    if (filled === null) continue;
    rules.push({
      ...parseHostRule(filled),
      injection: rule.injection ?? provider.injection,
      index,
    });
  }
  return rules;
}

/**
 * Patterns of every host that the provider's credential may ever go to, a variable counting as a
 * wildcard. What a person's own server is called (`{base_url}` without limits) is not among them.
 */
export function knownHosts(provider: ProviderDefinition): string[] {
  const found = new Set<string>();
  for (const { url } of provider.hosts) {
    const start = /^\{(base_url|api_url)\}/.exec(url)?.[1];
    const texts = start === "api_url"
      ? [provider.base_url?.api?.default, ...provider.oauth?.api_url_hosts ?? []]
      : start === "base_url"
      ? baseUrlHosts(provider.base_url)
      : [url];
    for (const text of texts) {
      const host = text === undefined ? null : hostWithWildcards(text);
      if (host !== null) found.add(host);
    }
  }
  return [...found];
}

function baseUrlHosts(base: BaseUrl | undefined): readonly (string | undefined)[] {
  return base === undefined ? [] : [base.default, ...base.hosts ?? [base.template]];
}

/** The host of a rule with `*` for its variables; null where that says nothing (`api.*`, `*`). */
function hostWithWildcards(text: string): string | null {
  try {
    return parseHostRule(text.replace(/\{[a-z][a-z0-9_]*\}/g, "*")).pattern.text;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Host and path of the token endpoint and its like, which never get a credential. */
export function authEndpoints(
  provider: ProviderDefinition,
  baseUrl: string | null,
  apiUrl: string | null = null,
): { readonly host: string; readonly path: string }[] {
  const oauth = provider.oauth;
  if (oauth === undefined) return [];
  const variables = urlVariables(provider, baseUrl, apiUrl);
  const urls = [
    oauth.authorization_url,
    oauth.token_url,
    oauth.refresh_url,
    oauth.revocation_url,
    oauth.device_authorization_url,
    oauth.device_token_url,
    oauth.registration_endpoint,
  ];
  const endpoints: { host: string; path: string }[] = [];
  for (const template of urls) {
    const url = template === undefined ? null : fillBaseUrl(template, variables);
    if (url === null || !URL.canParse(url)) continue;
    const { hostname, pathname } = new URL(url);
    endpoints.push({ host: hostname, path: pathname });
  }
  return endpoints;
}
