/**
 * Provider definitions as the daemon answers them: the canonical form of `core/provider.ts`, where a
 * file may use other spellings (`core/provider_file.ts`).
 *
 * @module
 */
import { z } from "@zod/zod";
import type {
  ProviderChange,
  ProviderItem,
  ProviderList,
  ProviderName,
  ProviderNames,
} from "../../core/api.ts";
import type { Injection } from "../../core/injection.ts";
import {
  type BaseUrl,
  FLOWS,
  type HostRule,
  type OAuthSettings,
  type RevocationStyle,
  type SecretField,
} from "../../core/provider.ts";

const text = z.string();
const texts = z.array(text);
const table = z.record(text, text);
const flow = z.enum(FLOWS as [typeof FLOWS[number], ...typeof FLOWS[number][]]);
const clientAuthentication = z.enum(["client_secret_post", "client_secret_basic", "none"]);

const injection: z.ZodType<Injection> = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("header"), name: text, value: text }),
  z.strictObject({ type: z.literal("basic"), username: text, password: text }),
  z.strictObject({ type: z.literal("query"), name: text, value: text }),
  z.strictObject({ type: z.literal("path"), pattern: text }),
  z.strictObject({ type: z.literal("literal"), fields: z.array(text) }),
]);

const field: z.ZodType<SecretField> = z.strictObject({
  name: text,
  label: text,
  secret: z.boolean(),
  pattern: text.exactOptional(),
  pattern_hint: text.exactOptional(),
  pattern_certain: z.boolean().exactOptional(),
});

const host: z.ZodType<HostRule> = z.strictObject({
  url: text,
  injection: injection.exactOptional(),
  only: z.literal("other_base_url").exactOptional(),
});

const baseUrl: z.ZodType<BaseUrl> = z.strictObject({
  template: text,
  default: text.exactOptional(),
  hosts: texts.exactOptional(),
  label: text.exactOptional(),
  api: z.strictObject({ default: text, other: text }).exactOptional(),
  from_field: z.strictObject({ field: text, pattern: text }).exactOptional(),
});

const revocation: z.ZodType<RevocationStyle> = z.strictObject({
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
  body: table,
  tokens: z.array(z.enum(["access_token", "refresh_token"])),
});

const oauth: z.ZodType<OAuthSettings> = z.strictObject({
  authorization_url: text.exactOptional(),
  token_url: text.exactOptional(),
  refresh_url: text.exactOptional(),
  revocation_url: text.exactOptional(),
  device_authorization_url: text.exactOptional(),
  registration_endpoint: text.exactOptional(),
  resource: text.exactOptional(),
  issuer: text.exactOptional(),
  userinfo_url: text.exactOptional(),
  userinfo_query: text.exactOptional(),
  scopes: texts,
  scope_separator: text,
  pkce_method: z.enum(["S256", "none"]),
  token_endpoint_auth_method: clientAuthentication,
  secretless_authentication: z.enum(["none", "client_secret_basic"]).exactOptional(),
  client_secret_required: z.boolean().exactOptional(),
  token_request_format: z.enum(["form", "json"]),
  device_token_request: z.enum(["form", "json"]),
  device_token_url: text.exactOptional(),
  device_scope_parameter: text.exactOptional(),
  device_scopes: texts.exactOptional(),
  device_client_id_in: z.literal("query").exactOptional(),
  device_authentication: clientAuthentication.exactOptional(),
  authorization_params: table,
  token_params: table,
  refresh_params: table.exactOptional(),
  revocation: z.union([z.literal("rfc7009"), revocation]),
  token_lifetime_seconds: z.int().exactOptional(),
  expires_at_field: text.exactOptional(),
  token_path: text.exactOptional(),
  error_field: text.exactOptional(),
  invalid_grant_errors: texts.exactOptional(),
  api_url_field: text.exactOptional(),
  api_url_hosts: texts.exactOptional(),
  kept_fields: texts.exactOptional(),
  account_id_field: text.exactOptional(),
  account_label_field: text.exactOptional(),
  callback_signature: z.literal("shopify_hmac").exactOptional(),
  client_id: text.exactOptional(),
  client_env: z.record(text, z.enum(["client_id", "client_secret"])).exactOptional(),
  client_note: text.exactOptional(),
});

/** A provider in a list or by itself. */
export const providerItem: z.ZodType<ProviderItem> = z.strictObject({
  schema_version: z.literal(1),
  name: text,
  display_name: text,
  description: text.exactOptional(),
  category: text.exactOptional(),
  docs_url: text.exactOptional(),
  logo: text.exactOptional(),
  metadata: z.record(text, z.unknown()),
  auth_type: z.enum(["oauth2", "api_key"]),
  flow,
  flows: z.array(flow),
  hosts: z.array(host),
  injection,
  extra_headers: table,
  base_url: baseUrl.exactOptional(),
  oauth: oauth.exactOptional(),
  fields: z.array(field),
  env: table,
  alternatives: texts,
  check_url: text.exactOptional(),
  allow_private: z.boolean().exactOptional(),
  source: z.enum(["bundled", "custom"]),
  overrides_bundled: z.boolean().describe("A custom definition with a bundled one's name"),
});

/** `GET /providers`. */
export const providerList: z.ZodType<ProviderList> = z.strictObject({
  bundled: z.array(providerItem),
  custom: z.array(providerItem),
});

const providerName: z.ZodType<ProviderName> = z.strictObject({
  name: text,
  display_name: text,
  category: text.exactOptional(),
  auth_type: z.enum(["oauth2", "api_key"]),
  source: z.enum(["bundled", "custom"]),
});

/** `GET /provider-names`. */
export const providerNames: z.ZodType<ProviderNames> = z.strictObject({
  bundled: z.array(providerName),
  custom: z.array(providerName),
});

/** Registering and removing a definition. */
export const providerChange: z.ZodType<ProviderChange> = z.strictObject({
  status: z.literal("ok"),
  provider: text,
  action: z.enum(["registered", "replaced", "removed", "reset", "unchanged"]),
  connections: z.int().optional(),
  warnings: texts,
});
