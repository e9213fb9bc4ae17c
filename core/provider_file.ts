/**
 * What a provider file may say: our own spelling, and the reference implementation's schema
 * version 1. Shape only; `canonical_provider.ts` brings it into one form and `provider_rules.ts`
 * judges that. `providers/schema.json` is made from this.
 *
 * @module
 */
import { z } from "@zod/zod";
import type { Injection } from "./injection.ts";
import type {
  BaseUrl,
  ClientAuthenticationMethod,
  Flow,
  HostRule,
  OAuthSettings,
  RevocationStyle,
  SecretField,
} from "./provider.ts";

/** A definition as a file says it; see {@linkcode providerFileSchema} for each field's meaning. */
export interface ProviderFile {
  readonly $schema?: string | undefined;
  readonly schema_version?: 1 | undefined;
  readonly name: string;
  readonly display_name: string;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly type?: string | undefined;
  readonly docs_url?: string | undefined;
  readonly docs?: string | undefined;
  readonly logo?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly auth_type: "oauth2" | "api_key";
  readonly flow?: Flow | undefined;
  readonly flows?: readonly Flow[] | undefined;
  readonly hosts?: readonly (string | OrUndefined<HostRule>)[] | undefined;
  readonly api_url?: string | readonly string[] | undefined;
  readonly injection?: Injection | undefined;
  readonly extra_headers?: Readonly<Record<string, string>> | undefined;
  readonly base_url?: string | OrUndefined<BaseUrl> | undefined;
  readonly oauth?: OAuthFile | undefined;
  readonly registration?: { readonly registration_endpoint?: string | undefined } | undefined;
  readonly api_key?: ApiKeyFile | undefined;
  readonly fields?: readonly OrUndefined<SecretField>[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly export?: Readonly<Record<string, string | Readonly<Record<string, string>>>> | undefined;
  readonly alternatives?: readonly string[] | undefined;
  readonly check_url?: string | undefined;
  readonly allow_private?: boolean | undefined;
}

/** Optional fields of `T` may also be undefined, which is how zod reads them. */
type OrUndefined<T> = {
  readonly [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K];
};

/** The `oauth` section; beside our own fields the reference's. */
export interface OAuthFile extends
  Omit<
    { readonly [K in keyof OAuthSettings]?: OAuthSettings[K] | undefined },
    "device_token_request"
  > {
  readonly base_url?: string | undefined;
  readonly pkce?: boolean | undefined;
  readonly supports_device_code?: boolean | undefined;
  readonly supports_dcr?: boolean | undefined;
  readonly authorization_method?: "body" | "basic" | undefined;
  readonly client_secret_handling?: "body" | "basic" | undefined;
  readonly device_token_request?: "form" | "json" | "oauth2_form" | undefined;
}

/** The reference's `api_key` section. */
export interface ApiKeyFile {
  readonly header_name?: string | undefined;
  /** Empty or null: the bare key. */
  readonly header_prefix?: string | null | undefined;
  readonly key_pattern?: string | undefined;
  readonly key_pattern_hint?: string | undefined;
  readonly env_var?: string | undefined;
}

const line = (max = 300) => z.string().min(1).max(max);
const url = (about: string) => line(500).describe(about);
const texts = (max = 100) => z.array(line()).max(max);
const params = (about: string) => z.record(line(100), z.string().max(1000)).describe(about);
const flow = z.enum(["pkce", "device_code", "dcr_pkce", "client_credentials", "api_key"]);
const clientAuthentication: z.ZodType<ClientAuthenticationMethod> = z.enum([
  "client_secret_post",
  "client_secret_basic",
  "none",
]);

const injection: z.ZodType<Injection> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("header"),
    name: line(100),
    value: line().describe("Template, such as Bearer {access_token}"),
  }),
  z.strictObject({
    type: z.literal("basic"),
    username: z.string().max(300).describe("Template; RFC 7617"),
    password: z.string().max(300).describe("Template; RFC 7617"),
  }),
  z.strictObject({
    type: z.literal("query"),
    name: line(100),
    value: line().describe("Template, such as {api_key}"),
  }),
  z.strictObject({
    type: z.literal("path"),
    pattern: line().describe("Literal path with one {field}, such as /bot{api_key}/"),
  }),
  z.strictObject({
    type: z.literal("literal"),
    fields: z.array(line(64)).min(1).max(10).describe(
      "Fields whose placeholders are replaced wherever the client writes them in headers, path or query",
    ),
  }),
]).describe("How the credential is put on a request");

const host = z.union([
  line(500),
  z.strictObject({
    url: line(500),
    injection: injection.optional(),
    only: z.literal("other_base_url").optional().describe(
      "Holds only where the base URL is not the default one",
    ),
  }),
], { error: "is neither a host nor an object with url" });

const baseUrl = z.strictObject({
  template: url("URL with variables, or {base_url} where any https URL will do"),
  default: url("Used when the person gives none").optional(),
  hosts: texts(20).optional().describe("Patterns of which the base URL's host must match one"),
  label: line().optional(),
  api: z.strictObject({ default: url("With the default base URL"), other: url("With another") })
    .optional().describe("Where the API lies; the variable {api_url}"),
  from_field: z.strictObject({ field: line(64), pattern: line() }).optional().describe(
    "Where the only variable can be read off a field: the first group of the pattern",
  ),
});

const revocation: z.ZodType<"rfc7009" | RevocationStyle> = z.union([
  z.literal("rfc7009"),
  z.strictObject({
    method: z.enum(["POST", "DELETE", "GET"]),
    authentication: z.enum([
      "client_secret_basic",
      "client_secret_post",
      "bearer_token",
      "client_secret_header",
      "client_secret_bearer",
      "none",
    ]),
    format: z.enum(["form", "json", "none"]),
    body: params("Body fields; templates"),
    tokens: z.array(z.enum(["access_token", "refresh_token"])).min(1).max(2),
  }),
], { error: "is neither rfc7009 nor an object with method, authentication, format, body, tokens" });

const oauth = z.strictObject({
  authorization_url: url("RFC 6749 authorization endpoint").optional(),
  token_url: url("RFC 6749 token endpoint").optional(),
  refresh_url: url("Only where refreshing has a URL of its own").optional(),
  revocation_url: url("RFC 7009, unless revocation says otherwise").optional(),
  device_authorization_url: url("RFC 8628").optional(),
  registration_endpoint: url("RFC 7591").optional(),
  resource: url("Protected resource: RFC 9728 metadata, RFC 8707 parameter").optional(),
  issuer: url("RFC 8414, RFC 9207").optional(),
  userinfo_url: url("A GET that tells whose account it is").optional(),
  userinfo_query: line(500).optional().describe("GraphQL query to be posted to userinfo_url"),
  scopes: texts(200).optional(),
  scope_separator: z.string().min(1).max(3).optional(),
  pkce_method: z.enum(["S256", "none"]).optional(),
  token_endpoint_auth_method: clientAuthentication.optional(),
  secretless_authentication: z.enum(["none", "client_secret_basic"]).optional(),
  client_secret_required: z.boolean().optional(),
  token_request_format: z.enum(["form", "json"]).optional(),
  device_token_request: z.enum(["form", "json", "oauth2_form"]).optional(),
  device_token_url: url("Token endpoint of a device login, where it is another one").optional(),
  device_scope_parameter: line(64).optional(),
  device_scopes: texts().optional(),
  device_client_id_in: z.literal("query").optional(),
  device_authentication: clientAuthentication.optional(),
  authorization_params: params("Added to the authorization request").optional(),
  token_params: params("Added to every token request; templates").optional(),
  refresh_params: params("Stand in for grant_type and refresh_token; templates").optional(),
  revocation: revocation.optional(),
  token_lifetime_seconds: z.int().min(1).max(315_360_000).optional(),
  expires_at_field: line(100).optional(),
  token_path: line(100).optional(),
  error_field: line(100).optional(),
  invalid_grant_errors: texts(20).optional(),
  api_url_field: line(100).optional(),
  api_url_hosts: texts(20).optional(),
  kept_fields: texts(20).optional(),
  account_id_field: line(100).optional(),
  account_label_field: line(100).optional(),
  callback_signature: z.literal("shopify_hmac").optional(),
  client_id: line().optional(),
  client_env: z.record(line(64), z.enum(["client_id", "client_secret"])).optional(),
  client_note: line(1000).optional(),
  base_url: url("Schema version 1: default for {base_url}").optional(),
  pkce: z.boolean().optional().describe("Schema version 1"),
  supports_device_code: z.boolean().optional().describe("Schema version 1"),
  supports_dcr: z.boolean().optional().describe("Schema version 1"),
  authorization_method: z.enum(["body", "basic"]).optional().describe("Schema version 1"),
  client_secret_handling: z.enum(["body", "basic"]).optional().describe("Schema version 1"),
});

const apiKey = z.strictObject({
  header_name: line(100).optional(),
  header_prefix: z.string().max(100).nullable().optional(),
  key_pattern: line().optional(),
  key_pattern_hint: line().optional(),
  env_var: line(64).optional(),
}).describe("Schema version 1: a key in one header");

const field = z.strictObject({
  name: line(64).describe("Name in templates"),
  label: line(100).describe("What a person reads beside the field"),
  secret: z.boolean(),
  pattern: line().optional().describe("Regular expression for the whole value"),
  pattern_hint: line().optional(),
  pattern_certain: z.boolean().optional().describe("A mismatch refuses the value"),
});

/** The shape of a provider file; every object refuses fields that it does not know. */
export const providerFileSchema: z.ZodType<ProviderFile> = z.strictObject({
  $schema: z.string().max(500).optional(),
  schema_version: z.literal(1).optional(),
  name: z.string().describe("^[a-z0-9][a-z0-9._-]{0,63}$"),
  display_name: line(100),
  description: line(2000).optional(),
  category: line(64).optional(),
  type: line(64).optional().describe("Schema version 1: app, llm, mcp"),
  docs_url: url("Where a person finds out about credentials").optional(),
  docs: url("Schema version 1: docs_url").optional(),
  logo: url("https URL or file name").optional(),
  metadata: z.record(line(100), z.unknown()).optional(),
  auth_type: z.enum(["oauth2", "api_key"], {
    error: (issue) =>
      issue.input === "browser"
        ? "browser logins are not supported"
        : issue.input === undefined
        ? "is missing"
        : "is not oauth2 or api_key",
  }),
  flow: flow.optional().describe("The flow used when none is asked for"),
  flows: z.array(flow).min(1).max(5).optional(),
  hosts: z.array(host).max(100).optional().describe(
    "host, host/path, *.suffix or regex:…; may hold base URL variables",
  ),
  api_url: z.union([line(500), z.array(line(500)).max(100)], {
    error: "is neither a host nor a list of hosts",
  }).optional().describe("Schema version 1: hosts"),
  injection: injection.optional(),
  extra_headers: params("Set where the client did not; always set when they hold a field")
    .optional(),
  base_url: z.union([line(500), baseUrl], { error: "is neither a URL nor an object" }).optional(),
  oauth: oauth.optional(),
  registration: z.strictObject({ registration_endpoint: url("RFC 7591").optional() }).optional(),
  api_key: apiKey.optional(),
  fields: z.array(field).min(0).max(10).optional(),
  env: z.record(line(64), line(64)).optional().describe("Environment variable to field"),
  export: z.record(
    line(64),
    z.union([line(64), z.record(line(64), line(64))], {
      error: "is neither a variable nor a table of variables",
    }),
  ).optional().describe("Schema version 1: env"),
  alternatives: texts(50).optional().describe("Providers that share a host on purpose"),
  check_url: url("A harmless GET that shows whether the credential works").optional(),
  allow_private: z.boolean().optional().describe("Set by register --allow-private"),
});
