/**
 * Provider definitions in their canonical form, and what can be told from one without any I/O.
 *
 * The parser (`provider_schema.ts`) turns what a file may say, the reference implementation's
 * spellings included, into this form; parsing the canonical form gives the same again.
 *
 * @module
 */
import { type HostPattern, parseHostPattern } from "./host_pattern.ts";
import { type Injection, templateVariables } from "./injection.ts";

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
}

/** How tokens are revoked where it is not RFC 7009. */
export interface RevocationStyle {
  readonly method: "POST" | "DELETE" | "GET";
  /** Where the client's or the token's authority comes from. */
  readonly authentication:
    | "client_secret_basic"
    | "client_secret_post"
    | "bearer_token"
    | "client_secret_header"
    | "none";
  readonly format: "form" | "json" | "none";
  /**
   * Body fields; templates over `token`, `access_token`, `refresh_token`, `client_id`,
   * `client_secret` and the kept fields. The revocation URL may hold them, too.
   */
  readonly body: Readonly<Record<string, string>>;
  /** Which tokens are sent, one request each. */
  readonly tokens: readonly ("access_token" | "refresh_token")[];
}

/** OAuth 2.0 facts of a provider. URLs may hold `{base_url}` or the base URL's own variables. */
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
  /** For the account id and label. */
  readonly userinfo_url?: string;
  readonly scopes: readonly string[];
  /** Scopes required by the flow itself are joined with this. */
  readonly scope_separator: string;
  /** `none` where the provider refuses or ignores PKCE (RFC 7636). */
  readonly pkce_method: "S256" | "none";
  readonly token_endpoint_auth_method: ClientAuthenticationMethod;
  readonly token_request_format: "form" | "json";
  readonly device_token_request: "form" | "json";
  readonly authorization_params: Readonly<Record<string, string>>;
  readonly token_params: Readonly<Record<string, string>>;
  /** RFC 7009, or what the provider documents instead. */
  readonly revocation: "rfc7009" | RevocationStyle;
  /** Lifetime in seconds where the token endpoint does not say one. */
  readonly token_lifetime_seconds?: number;
  /** Dotted path to the token set inside the reply, where it is nested. */
  readonly token_path?: string;
  /** Field of a 200 reply that is false or holds the error when the request failed. */
  readonly error_field?: string;
  /** Client id shipped for public clients, where the provider publishes one. */
  readonly client_id?: string;
  /** Client authentication without a secret; `client_secret_basic` sends an empty password. */
  readonly secretless_authentication?: "none" | "client_secret_basic";
  /** Only where a device login is polled at a URL of its own. */
  readonly device_token_url?: string;
  /** Name of the scope parameter of device requests, where it is not `scope`. */
  readonly device_scope_parameter?: string;
  /** Error codes that mean here what RFC 6749 calls `invalid_grant`. */
  readonly invalid_grant_errors?: readonly string[];
  /** Dotted path into the token reply: the host or URL of this account's API. */
  readonly api_url_field?: string;
  /** Fields of the callback or the token reply that are kept as metadata; no secrets. */
  readonly kept_fields?: readonly string[];
  /** Dotted path to the account's id in the ID token, the token reply, or the userinfo reply. */
  readonly account_id_field?: string;
  /** Dotted path to what a person knows the account by, in the same places. */
  readonly account_label_field?: string;
  /** How the callback's parameters are signed, where they are. */
  readonly callback_signature?: "shopify_hmac";
}

/** One host (with an optional path prefix) and what is injected there. */
export interface HostRule {
  /** `host`, `host/path`, a URL, or `regex:…`; may hold base URL variables. */
  readonly url: string;
  /** Overrides the definition's injection for this host. */
  readonly injection?: Injection;
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
  /** What a key login (or a client credentials login with extra values) asks for. */
  readonly fields: readonly SecretField[];
  /** Environment variable → field (`access_token`, `api_key`, a field's name, `base_url`, `api_url`). */
  readonly env: Readonly<Record<string, string>>;
  /** Providers that share a host with this one on purpose: the last made default gets the request. */
  readonly alternatives: readonly string[];
  /** A harmless GET that shows whether the credential works, for `doctor --live`. */
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
}

/** `^[a-z0-9][a-z0-9._-]{0,63}$`: provider and connection names, one rule for both. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Whether a provider or connection may be called so. `..` is refused: names become file names. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text) && !text.includes("..");
}

/** A base URL variable inside a template, `{shop}`. */
const VARIABLE = /\{([a-z][a-z0-9_]*)\}/g;

/**
 * The variables of a concrete base URL, read through its template, plus `base_url` itself without a
 * trailing slash. `null` when it does not fit the template.
 *
 * `https://{shop}.myshopify.com` with `https://acme.myshopify.com` gives `{ base_url, shop: "acme" }`.
 * A bare value (`acme`) is taken for the only variable of a template that has one.
 */
export function readBaseUrl(base: BaseUrl, given: string): Record<string, string> | null {
  const text = given.trim().replace(/\/+$/, "");
  if (base.template === "{base_url}" || base.template.startsWith("{base_url}/")) {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") return null;
    return { base_url: `${url.origin}${url.pathname.replace(/\/+$/, "")}` };
  }
  const names = templateVariables(base.template);
  const bare = /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(text) && names.length === 1;
  const full = bare && !text.includes("://")
    ? base.template.replace(VARIABLE, text.toLowerCase())
    : text;
  const source = base.template.replace(/[.*+?^$()|[\]\\/]/g, "\\$&").replace(
    VARIABLE,
    (_, name: string) => `(?<${name}>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)`,
  );
  const match = new RegExp(`^${source}$`).exec(full) ??
    // A bare host that already ends like the template: acme.myshopify.com
    new RegExp(`^${source}$`).exec(`https://${text}`);
  if (match === null) return null;
  return { ...match.groups, base_url: match[0].replace(/\/+$/, "") };
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
 * The rules a connection's credential follows, with the base URL it logged in with.
 *
 * A rule with variables is pinned to that base URL. When the base URL is not the definition's
 * default (GitHub Enterprise, a self-hosted GitLab), the fixed hosts belong to somebody else's
 * instance and are left out.
 */
export function hostRules(provider: ProviderDefinition, baseUrl: string | null): ParsedRule[] {
  const chosen = baseUrl ?? provider.base_url?.default ?? null;
  const variables = provider.base_url === undefined || chosen === null
    ? {}
    : readBaseUrl(provider.base_url, chosen) ?? {};
  const elsewhere = provider.base_url?.template.startsWith("{base_url}") === true &&
    chosen !== null && provider.base_url.default !== undefined &&
    sameBase(chosen, provider.base_url.default) === false;
  const rules: ParsedRule[] = [];
  for (const rule of provider.hosts) {
    const templated = templateVariables(rule.url).length > 0;
    if (elsewhere && !templated) continue;
    const filled = fillBaseUrl(rule.url, variables);
    if (filled === null) continue;
    rules.push({ ...parseHostRule(filled), injection: rule.injection ?? provider.injection });
  }
  return rules;
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
