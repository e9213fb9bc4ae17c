/**
 * Provider definitions in their canonical form, and what can be told from one without any I/O.
 *
 * The parser (`provider_schema.ts`) turns what a file may say, the reference implementation's
 * spellings included, into this form; parsing the canonical form gives the same again.
 *
 * @module
 */
import {
  canonicalHost,
  type HostPattern,
  isLoopbackName,
  isPrivateName,
  matchesHost,
  parseHostPattern,
} from "./host_pattern.ts";
import { type Injection, templateVariables } from "./injection.ts";
import type { Secret } from "./secret.ts";

/** How a login goes. `pkce` is the authorization code grant, with PKCE where the provider takes it. */
export type Flow = "pkce" | "device_code" | "dcr_pkce" | "client_credentials" | "api_key";

/** Every flow, in the order they are offered. */
export const FLOWS: readonly Flow[] = [
  "pkce",
  "device_code",
  "dcr_pkce",
  "client_credentials",
  "api_key",
];

/** What kind of credential a provider takes. */
export type AuthType = "oauth2" | "api_key";

/** Client authentication at the token endpoint (RFC 7591 section 2). */
export type ClientAuthenticationMethod = "client_secret_post" | "client_secret_basic" | "none";

/** One value that a key login asks for. */
export interface SecretField {
  /** Name in templates and in the stored record. A provider with one key calls it `api_key`. */
  readonly name: string;
  /** What a person reads beside the field. */
  readonly label: string;
  /** False for an account id, an e-mail address and the like: shown while it is typed. */
  readonly secret: boolean;
  /** Regular expression for the whole value, in the dialect of `new RegExp(p, "u")`. */
  readonly pattern?: string;
  /** What a person is told when the pattern does not match. */
  readonly pattern_hint?: string;
  /** True where a mismatch proves the key wrong. Otherwise it is a warning. */
  readonly pattern_certain?: boolean;
}

/** A value asked for at login that is part of the host: `shop` in `https://{shop}.myshopify.com`. */
export interface BaseUrl {
  /** The URL with its variables; `{base_url}` alone where any https URL will do. */
  readonly template: string;
  /** Used when the person gives none. */
  readonly default?: string;
  /** Patterns of which the base URL's host must match one; a token leaks to no other domain then. */
  readonly hosts?: readonly string[];
  /** What a person reads beside the question. */
  readonly label?: string;
  /** Where the API lies elsewhere than below the base URL; the variable `{api_url}`. */
  readonly api?: {
    /** With the default base URL. */
    readonly default: string;
    /** With any other; a template over the base URL's variables. */
    readonly other: string;
  };
  /** Where the only variable can be read off a field: the first group of `pattern`. */
  readonly from_field?: { readonly field: string; readonly pattern: string };
}

/** How tokens are revoked where it is not RFC 7009. */
export interface RevocationStyle {
  readonly method: "POST" | "DELETE" | "GET";
  /** Where the client's or the token's authority comes from. */
  readonly authentication:
    | "client_secret_basic"
    | "client_secret_post"
    | "bearer_token"
    /** `Authorization: Client <client_secret>` */
    | "client_secret_header"
    /** `Authorization: Bearer <client_secret>` */
    | "client_secret_bearer"
    | "none";
  readonly format: "form" | "json" | "none";
  /**
   * Body fields; templates over `token`, `access_token`, `refresh_token`, `client_id`,
   * `client_secret` and the kept fields. The revocation URL may hold them, too.
   */
  readonly body: Readonly<Record<string, string>>;
  /** Which tokens are sent, one request each; one that a connection lacks is left out. */
  readonly tokens: readonly ("access_token" | "refresh_token")[];
}

/**
 * OAuth 2.0 facts of a provider. URLs are templates over the base URL's variables
 * ({@linkcode urlVariables}).
 */
export interface OAuthSettings {
  readonly authorization_url?: string;
  readonly token_url?: string;
  /** Only where refreshing has a URL of its own. */
  readonly refresh_url?: string;
  readonly revocation_url?: string;
  readonly device_authorization_url?: string;
  readonly registration_endpoint?: string;
  /** Protected resource whose metadata names the authorization server (RFC 9728, RFC 8707). */
  readonly resource?: string;
  /** Expected `iss` (RFC 9207, RFC 8414) where it is known. */
  readonly issuer?: string;
  /** A GET that tells whose account it is. */
  readonly userinfo_url?: string;
  readonly scopes: readonly string[];
  /** Joins the scopes of the authorization request. */
  readonly scope_separator: string;
  /** `none` where the provider refuses or ignores PKCE (RFC 7636). */
  readonly pkce_method: "S256" | "none";
  readonly token_endpoint_auth_method: ClientAuthenticationMethod;
  /** Client authentication without a secret; `client_secret_basic` sends an empty password. */
  readonly secretless_authentication?: "none" | "client_secret_basic";
  /** True where there are no public clients: a login without a secret is bound to fail. */
  readonly client_secret_required?: boolean;
  readonly token_request_format: "form" | "json";
  readonly device_token_request: "form" | "json";
  /** Only where a device login is polled at a URL of its own. */
  readonly device_token_url?: string;
  /** Name of the scope parameter of device requests, where it is not `scope`. */
  readonly device_scope_parameter?: string;
  /** Scopes that a device login takes, where it refuses the usual ones. */
  readonly device_scopes?: readonly string[];
  /** `query` where the device request wants `client_id` in its URL. */
  readonly device_client_id_in?: "query";
  /** Client authentication of the device request, where it wants any. */
  readonly device_authentication?: ClientAuthenticationMethod;
  readonly authorization_params: Readonly<Record<string, string>>;
  /**
   * Sent with every token request, `grant_type` too where it is named here. Templates over the
   * definition's `fields` and the base URL's variables.
   */
  readonly token_params: Readonly<Record<string, string>>;
  /**
   * Stand in for `grant_type` and `refresh_token` when refreshing; templates over `access_token` and
   * `refresh_token`. With these a connection can be refreshed although it has no refresh token.
   */
  readonly refresh_params?: Readonly<Record<string, string>>;
  /** How tokens are revoked at `revocation_url`. */
  readonly revocation: "rfc7009" | RevocationStyle;
  /** Lifetime in seconds where the token endpoint does not say one. */
  readonly token_lifetime_seconds?: number;
  /** Reply field with the time of expiry (ISO 8601, or seconds since 1970) in place of `expires_in`. */
  readonly expires_at_field?: string;
  /** Dotted path to the token set inside the reply, where it is nested. */
  readonly token_path?: string;
  /** Field of a 200 reply that is false or holds the error when the request failed. */
  readonly error_field?: string;
  /** Error codes that mean here what RFC 6749 calls `invalid_grant`. */
  readonly invalid_grant_errors?: readonly string[];
  /** Dotted path into the token reply: the host or URL of this account's API, `{api_url}`. */
  readonly api_url_field?: string;
  /** Patterns of which the host of that URL must match one. */
  readonly api_url_hosts?: readonly string[];
  /** Fields of the callback or the token reply that are kept as metadata; no secrets. */
  readonly kept_fields?: readonly string[];
  /** Dotted path to the account's id in the ID token, the token reply, or the userinfo reply. */
  readonly account_id_field?: string;
  /** Dotted path to what a person knows the account by, in the same places. */
  readonly account_label_field?: string;
  /** How the callback's parameters are signed, where they are. */
  readonly callback_signature?: "shopify_hmac";
  /** Client id shipped for public clients, where the provider publishes one. */
  readonly client_id?: string;
  /** Variables that usually hold the client; asked before they are read, never exported. */
  readonly client_env?: Readonly<Record<string, "client_id" | "client_secret">>;
  /** What a person must know to make the OAuth client at the provider. */
  readonly client_note?: string;
}

/** One host (with an optional path prefix) and what is injected there. */
export interface HostRule {
  /** `host`, `host/path` or `regex:…`; may hold base URL variables, or be `{base_url}/path`. */
  readonly url: string;
  /** Overrides the definition's injection for this host. */
  readonly injection?: Injection;
  /** `other_base_url`: holds only where the base URL is not the definition's default. */
  readonly only?: "other_base_url";
}

/** A provider definition in canonical form. */
export interface ProviderDefinition {
  readonly schema_version: 1;
  /** `^[a-z0-9][a-z0-9._-]{0,63}$` */
  readonly name: string;
  readonly display_name: string;
  readonly description?: string;
  readonly category?: string;
  readonly docs_url?: string;
  readonly logo?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly auth_type: AuthType;
  /** The flow used when none is asked for: the first of `flows`. */
  readonly flow: Flow;
  readonly flows: readonly Flow[];
  readonly hosts: readonly HostRule[];
  /** Where no host rule says otherwise. */
  readonly injection: Injection;
  /** Templates; see {@linkcode fillExtraHeaders} in `injection.ts`. */
  readonly extra_headers: Readonly<Record<string, string>>;
  readonly base_url?: BaseUrl;
  readonly oauth?: OAuthSettings;
  /** What a key login asks for; with OAuth, extra values such as Zoom's `account_id`. */
  readonly fields: readonly SecretField[];
  /** Environment variable → field (`access_token`, `api_key`, a field's name, `base_url`, `api_url`). */
  readonly env: Readonly<Record<string, string>>;
  /** Providers that share a host with this one on purpose: the last made default gets the request. */
  readonly alternatives: readonly string[];
  /** A harmless GET that shows whether the credential works; may hold base URL variables. */
  readonly check_url?: string;
  /** Set by `register --allow-private`: loopback and private hosts may be used. */
  readonly allow_private?: boolean;
}

/** Where a definition comes from. */
export type ProviderSource = "bundled" | "custom";

/** One host rule, ready to match. */
export interface ParsedRule {
  readonly pattern: HostPattern;
  /** Path prefix, `""` for all paths. */
  readonly path: string;
  readonly injection: Injection;
  /** Place of the rule in the definition's `hosts`. */
  readonly index: number;
}

/** `^[a-z0-9][a-z0-9._-]{0,63}$`: provider and connection names, one rule for both. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Whether a provider or connection may be called so. `..` is refused: names become file names. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text) && !text.includes("..");
}

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
  const standard = base.default !== undefined && sameBase(variables.base_url!, base.default);
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

/** `host`, `host/path`, `https://host/path` or `regex:…` as a pattern and a path prefix. */
export function parseHostRule(url: string): { pattern: HostPattern; path: string } {
  if (url.startsWith("regex:")) return { pattern: parseHostPattern(url), path: "" };
  const bare = url.replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  const authority = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? "" : bare.slice(slash).replace(/\/+$/, "");
  return { pattern: parseHostPattern(authority.replace(/:\d+$/, "")), path };
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
    baseUrl !== null && !sameBase(baseUrl, base.default);
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
    return parseHostRule(text.replace(VARIABLE, "*")).pattern.text;
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

function sameBase(a: string, b: string): boolean {
  return a.replace(/\/+$/, "").toLowerCase() === b.replace(/\/+$/, "").toLowerCase();
}

/** The environment variables of one field, the first being the one to export. */
export function environmentNames(provider: ProviderDefinition, field: string): string[] {
  return Object.entries(provider.env).filter(([, kind]) => kind === field).map(([name]) => name);
}

/** The field that stands for "the" credential: `access_token`, or the first secret field. */
export function primaryField(provider: ProviderDefinition): string {
  if (provider.auth_type === "oauth2") return "access_token";
  return (provider.fields.find((field) => field.secret) ?? provider.fields[0])?.name ?? "api_key";
}
