/**
 * Provider definitions in their canonical form.
 *
 * The parser (`provider_schema.ts`) turns what a file may say, the reference implementation's
 * spellings included, into this form; parsing the canonical form gives the same again.
 *
 * @module
 */
import type { Injection } from "./injection.ts";

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
 * (`urlVariables` in `base_url.ts`).
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
  /** Tells whose account it is: a GET, or the POST of {@linkcode OAuthSettings.userinfo_query}. */
  readonly userinfo_url?: string;
  /** GraphQL query that is posted to `userinfo_url` (Linear, monday.com). */
  readonly userinfo_query?: string;
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

/** `^[a-z0-9][a-z0-9._-]{0,63}$`: provider and connection names, one rule for both. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Whether a provider or connection may be called so. `..` is refused: names become file names. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text) && !text.includes("..");
}

/** The environment variables of one field, the first being the one to export. */
export function environmentNames(provider: ProviderDefinition, field: string): string[] {
  return Object.entries(provider.env).filter(([, kind]) => kind === field).map(([name]) => name);
}
