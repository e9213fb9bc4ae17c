/**
 * Base URLs: the part of a provider's addresses that is fixed at login, such as a shop's name or a
 * self-hosted server, read through the definition's template and put into its URLs.
 *
 * @module
 */
import {
  canonicalHost,
  isLoopbackName,
  isPrivateName,
  matchesHost,
  parseHostPattern,
} from "./host_pattern.ts";
import { templateVariables } from "./injection.ts";
import type { BaseUrl, ProviderDefinition } from "./provider.ts";
import type { Secret } from "./secret.ts";

/** A base URL variable inside a template, `{shop}`. */
const VARIABLE = /\{([a-z][a-z0-9_]*)\}/g;

/** Whether a base URL may lie on this machine or in a private network. */
export interface ReadBaseUrlOptions {
  /** Allows private hosts, and plain http for this machine itself. */
  readonly allowPrivate?: boolean;
}

/**
 * The variables of a concrete base URL, read through its template, plus `base_url` itself without a
 * trailing slash (and `api_url`, where the definition says how). `null` when it does not fit the
 * template, is not https, or lies on a host that the definition does not allow.
 *
 * `https://{shop}.myshopify.com` with `https://acme.myshopify.com` gives `{ base_url, shop: "acme" }`.
 * `acme.myshopify.com` and, as the template has one variable only, `acme` give the same.
 */
export function readBaseUrl(
  base: BaseUrl,
  given: string,
  { allowPrivate = false }: ReadBaseUrlOptions = {},
): Record<string, string> | null {
  const text = given.trim().replace(/\/+$/, "");
  const variables = base.template === "{base_url}"
    ? readFreeBaseUrl(text)
    : readTemplatedBaseUrl(base.template, text);
  if (variables === null) return null;
  const url = new URL(variables.base_url!);
  const host = url.hostname;
  if (url.protocol !== "https:" && !(allowPrivate && isLoopbackName(host))) return null;
  if (!allowPrivate && isPrivateName(host)) return null;
  if (!isPrivateName(host) && canonicalHost(host) === null) return null;
  if (base.hosts?.some((text) => matchesHost(parseHostPattern(text), host)) === false) return null;
  if (base.api === undefined) return variables;
  const standard = base.default !== undefined && isSameBaseUrl(variables.base_url!, base.default);
  const api = standard ? base.api.default : fillBaseUrl(base.api.other, variables);
  return api === null ? null : { ...variables, api_url: api };
}

function readFreeBaseUrl(text: string): Record<string, string> | null {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") return null;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return null;
  }
  return { base_url: `${url.origin}${url.pathname.replace(/\/+$/, "")}` };
}

function readTemplatedBaseUrl(template: string, text: string): Record<string, string> | null {
  const source = template.replace(/[.*+?^$()|[\]\\/]/g, "\\$&").replace(
    VARIABLE,
    (_, name: string) => `(?<${name}>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)`,
  );
  const expression = new RegExp(`^${source}$`, "i");
  const spellings = [text, `https://${text}`];
  if (templateVariables(template).length === 1) {
    spellings.push(template.replace(VARIABLE, () => text));
  }
  for (const spelling of spellings) {
    const match = expression.exec(spelling);
    if (match !== null && URL.canParse(match[0])) {
      return { ...match.groups, base_url: match[0].replace(/\/+$/, "") };
    }
  }
  return null;
}

/**
 * The base URL that the fields given at login already tell (Mailchimp's data centre is the end of
 * its key); `null` when they do not.
 */
export function baseUrlFromFields(
  provider: ProviderDefinition,
  values: Readonly<Record<string, Secret | string>>,
): string | null {
  const source = provider.base_url?.from_field;
  const value = source === undefined ? undefined : values[source.field];
  if (source === undefined || value === undefined) return null;
  const text = typeof value === "string" ? value : value.reveal();
  const found = new RegExp(source.pattern).exec(text.slice(-512))?.[1];
  return found === undefined ? null : readBaseUrl(provider.base_url!, found)?.base_url ?? null;
}

/**
 * What templates of URLs may name: the base URL's variables, `base_url` and `api_url`. `baseUrl` and
 * `apiUrl` are the connection's; without a base URL the definition's default counts.
 */
export function urlVariables(
  provider: ProviderDefinition,
  baseUrl: string | null,
  apiUrl: string | null = null,
): Record<string, string> {
  const chosen = baseUrl ?? provider.base_url?.default ?? null;
  // Whether a private address is allowed was decided when the base URL was given.
  const variables = provider.base_url === undefined || chosen === null
    ? {}
    : readBaseUrl(provider.base_url, chosen, { allowPrivate: true }) ?? {};
  const api_url = apiUrl === null ? null : readApiUrl(provider, apiUrl);
  return api_url === null ? variables : { ...variables, api_url };
}

/** The API URL that the provider named, where the definition waits for one and knows its host. */
function readApiUrl({ oauth, allow_private }: ProviderDefinition, text: string): string | null {
  if (oauth?.api_url_field === undefined) return null;
  const full = text.includes("://") ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.search !== "") {
    return null;
  }
  if (isPrivateName(url.hostname) && allow_private !== true) return null;
  const isKnown = oauth.api_url_hosts?.some((host) =>
    matchesHost(parseHostPattern(host), url.hostname)
  );
  return isKnown === false ? null : `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** `text` with base URL variables filled in; `null` when one is missing. */
export function fillBaseUrl(
  text: string,
  variables: Readonly<Record<string, string>>,
): string | null {
  let missing = false;
  const filled = text.replace(VARIABLE, (whole, name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) missing = true;
    return value ?? whole;
  });
  return missing ? null : filled;
}

/** Whether two base URLs are the same but for case and trailing slashes. */
export function isSameBaseUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, "").toLowerCase() === b.replace(/\/+$/, "").toLowerCase();
}
