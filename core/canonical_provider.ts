/**
 * Brings a provider file into the canonical form: the reference implementation's spellings become
 * ours, and what may be left out is filled in. A canonical definition comes out as it went in.
 *
 * @module
 */
import { type Injection, templateVariables } from "./injection.ts";
import type {
  BaseUrl,
  Flow,
  HostRule,
  OAuthSettings,
  ProviderDefinition,
  SecretField,
} from "./provider.ts";
import type { ApiKeyFile, OAuthFile, ProviderFile } from "./provider_file.ts";

/** A definition and how its file spelled what is called otherwise now. */
export interface CanonicalProvider {
  readonly definition: ProviderDefinition;
  /** Canonical path → the file's own, for messages: `hosts` → `api_url`. */
  readonly spelling: ReadonlyMap<string, string>;
}

/** The canonical form of a file whose shape is right; judges nothing. */
export function toCanonical(file: ProviderFile): CanonicalProvider {
  const spelling = new Map<string, string>();
  const flows = readFlows(file);
  const fields = readFields(file, flows, spelling);
  const baseUrl = readBase(file, spelling);
  const isOAuth = file.auth_type === "oauth2";
  const injection = readInjection(file, fields, spelling);
  if (file.api_url !== undefined) spelling.set("hosts", "api_url");
  if (file.docs !== undefined) spelling.set("docs_url", "docs");
  const definition = {
    schema_version: 1,
    name: file.name,
    display_name: file.display_name,
    description: file.description,
    category: file.category ?? file.type,
    docs_url: file.docs_url ?? file.docs,
    logo: file.logo,
    metadata: file.metadata ?? {},
    auth_type: file.auth_type,
    flow: flows[0]!,
    flows,
    hosts: readHosts(file),
    injection,
    extra_headers: file.extra_headers ?? {},
    base_url: baseUrl,
    oauth: isOAuth && file.oauth !== undefined
      ? readOAuth(file.oauth, file.registration?.registration_endpoint, flows, spelling)
      : undefined,
    fields,
    env: readEnv(file, fields, spelling),
    alternatives: file.alternatives ?? [],
    check_url: file.check_url,
    allow_private: file.allow_private === true ? true : undefined,
  } as const;
  return { definition: withoutUndefined(definition) as ProviderDefinition, spelling };
}

/** The reference names one flow and says with two switches what else there is. */
function readFlows({ flow, flows, auth_type, oauth, registration }: ProviderFile): Flow[] {
  const found = new Set<Flow>(flow === undefined ? [] : [flow]);
  for (const other of flows ?? []) found.add(other);
  if (flows === undefined && auth_type === "oauth2") {
    const endpoint = oauth?.registration_endpoint ?? registration?.registration_endpoint;
    if (oauth?.supports_device_code && oauth.device_authorization_url) found.add("device_code");
    if (oauth?.supports_dcr && endpoint !== undefined) found.add("dcr_pkce");
  }
  if (found.size === 0 && auth_type === "api_key") found.add("api_key");
  return [...found];
}

function readHosts(file: ProviderFile): HostRule[] {
  const given = file.hosts ?? (typeof file.api_url === "string" ? [file.api_url] : file.api_url);
  return (given ?? []).map((host) =>
    withoutUndefined(
      typeof host === "string"
        ? { url: plainHost(host) }
        : { url: plainHost(host.url), injection: host.injection, only: host.only },
    ) as HostRule
  );
}

/** `https://API.acme.com:443/v1/` as `api.acme.com/v1`; what is not https keeps its scheme. */
function plainHost(url: string): string {
  if (url.startsWith("regex:")) return url;
  const bare = url.replace(/^https:\/\//i, "").replace(/\/+$/, "");
  const [, authority, path] = /^([^/]*)(.*)$/s.exec(bare)!;
  const host = authority!.replace(/:443$/, "");
  return `${host.includes("{") ? host : host.toLowerCase()}${path}`;
}

function readBase(file: ProviderFile, spelling: Map<string, string>): BaseUrl | undefined {
  const { base_url, oauth } = file;
  if (typeof base_url === "object") return withoutUndefined(base_url) as BaseUrl;
  const given = base_url ?? oauth?.base_url;
  if (base_url === undefined && given !== undefined) {
    spelling.set("base_url.default", "oauth.base_url");
    spelling.set("base_url.template", "oauth.base_url");
  } else if (given !== undefined) {
    spelling.set("base_url.default", "base_url");
    spelling.set("base_url.template", "base_url");
  }
  if (given !== undefined) {
    return templateVariables(given).length > 0
      ? { template: given }
      : { template: "{base_url}", default: given };
  }
  return JSON.stringify([file.hosts, file.api_url, oauth, file.registration]).includes("{base_url}")
    ? { template: "{base_url}" }
    : undefined;
}

function readFields(
  { auth_type, fields, api_key }: ProviderFile,
  flows: readonly Flow[],
  spelling: Map<string, string>,
): SecretField[] {
  if (fields !== undefined) return fields.map((field) => withoutUndefined(field) as SecretField);
  if (auth_type === "oauth2" && !flows.includes("api_key")) return [];
  if (api_key === undefined && auth_type === "api_key") return [];
  if (api_key?.key_pattern !== undefined) spelling.set("fields.0.pattern", "api_key.key_pattern");
  return [
    withoutUndefined({
      name: auth_type === "oauth2" ? "access_token" : "api_key",
      label: "API key",
      secret: true,
      pattern: api_key?.key_pattern,
      pattern_hint: api_key?.key_pattern_hint,
    }) as SecretField,
  ];
}

function readInjection(
  { auth_type, injection, api_key }: ProviderFile,
  fields: readonly SecretField[],
  spelling: Map<string, string>,
): Injection {
  if (injection !== undefined) return injection;
  const name = auth_type === "oauth2"
    ? "access_token"
    : (fields.find((field) => field.secret) ?? fields[0])?.name ?? "api_key";
  if (auth_type === "oauth2" || api_key === undefined) {
    return { type: "header", name: "Authorization", value: `Bearer {${name}}` };
  }
  spelling.set("injection.name", "api_key.header_name");
  spelling.set("injection.value", "api_key.header_prefix");
  return headerOfKey(api_key, name);
}

/** The reference's header: prefix, space, key; no prefix, no space. */
function headerOfKey(
  { header_name = "Authorization", header_prefix = "Bearer" }: ApiKeyFile,
  field: string,
): Injection {
  const prefix = (header_prefix ?? "").trimEnd();
  const value = prefix === "" ? `{${field}}` : `${prefix} {${field}}`;
  return { type: "header", name: header_name, value };
}

function readEnv(
  file: ProviderFile,
  fields: readonly SecretField[],
  spelling: Map<string, string>,
): Record<string, string> {
  const primary = file.auth_type === "oauth2" ? "access_token" : fields[0]?.name ?? "api_key";
  const env: Record<string, string> = {};
  const variable = file.api_key?.env_var;
  if (variable !== undefined) {
    env[variable] = primary;
    spelling.set(`env.${variable}`, "api_key.env_var");
  }
  for (const [name, value] of Object.entries(file.export ?? {})) {
    // Nested, `{env: {access_token: VARIABLE}}`, or flat, `{VARIABLE: ACCESS_TOKEN}`.
    const pairs = typeof value === "string"
      ? [[value, name, `export.${name}`] as const]
      : Object.entries(value).map(([kind, variable]) =>
        [kind, variable, `export.${name}.${kind}`] as const
      );
    for (const [kind, variable, path] of pairs) {
      const field = exportedField(kind, primary);
      // A refresh token never leaves the daemon, whatever a file wishes.
      if (field === "refresh_token") continue;
      env[variable] = field;
      spelling.set(`env.${variable}`, path);
    }
  }
  return { ...env, ...file.env };
}

function exportedField(kind: string, primary: string): string {
  const name = kind.toLowerCase();
  return ["access_token", "api_token", "api_key"].includes(name) ? primary : name;
}

function readOAuth(
  file: OAuthFile,
  registrationEndpoint: string | undefined,
  flows: readonly Flow[],
  spelling: Map<string, string>,
): OAuthSettings {
  const {
    base_url: _base,
    pkce,
    supports_device_code: _device,
    supports_dcr: _dcr,
    authorization_method,
    client_secret_handling,
    ...settings
  } = file;
  const method = authorization_method ?? client_secret_handling;
  if (settings.registration_endpoint === undefined && registrationEndpoint !== undefined) {
    spelling.set("oauth.registration_endpoint", "registration.registration_endpoint");
  }
  return withoutUndefined({
    ...settings,
    registration_endpoint: settings.registration_endpoint ?? registrationEndpoint,
    scopes: settings.scopes ?? [],
    scope_separator: settings.scope_separator ?? " ",
    pkce_method: settings.pkce_method ?? (pkce === false ? "none" : "S256"),
    token_endpoint_auth_method: settings.token_endpoint_auth_method ??
      (method === "basic"
        ? "client_secret_basic"
        : flows[0] === "dcr_pkce"
        ? "none"
        : "client_secret_post"),
    // The reference's `basic` means HTTP Basic and a JSON body.
    token_request_format: settings.token_request_format ?? (method === "basic" ? "json" : "form"),
    device_token_request: settings.device_token_request === "json" ? "json" : "form",
    authorization_params: settings.authorization_params ?? {},
    token_params: settings.token_params ?? {},
    revocation: settings.revocation ?? "rfc7009",
  }) as OAuthSettings;
}

/** Without the fields that are there and undefined; `exactOptionalPropertyTypes` tells them apart. */
function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== undefined),
  ) as Partial<T>;
}
