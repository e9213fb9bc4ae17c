/**
 * The rules that every provider definition holds to, bundled or from a file: where credentials and
 * tokens may go, what may be set in a child's environment, what templates may name.
 *
 * @module
 */
import {
  type AddressRules,
  hostProblem,
  isLink,
  patternProblem,
  urlProblem,
} from "./address_rules.ts";
import type { Issue } from "./errors.ts";
import { isForbiddenVariable, VARIABLE_NAME } from "./environment_name.ts";
import { headerProblem } from "./header_name.ts";
import { type Injection, injectionTemplates, templateVariables } from "./injection.ts";
import { parseKeyPattern } from "./key_pattern.ts";
import { type Flow, isName, type OAuthSettings, type ProviderDefinition } from "./provider.ts";

/** How strict the rules are. */
export interface ProviderRulesOptions {
  /** Allows private hosts, and plain http on this machine itself. */
  readonly allowPrivate: boolean;
}

/** A metadata table may be this long as JSON. */
const MAX_METADATA_LENGTH = 16_384;
const FIELD_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Everything that is wrong with a definition, in the order of its fields; empty when it is right. */
export function checkProvider(
  provider: ProviderDefinition,
  { allowPrivate }: ProviderRulesOptions,
): Issue[] {
  const check = new Check(provider, allowPrivate);
  check.names();
  check.flows();
  check.baseUrl();
  check.hosts();
  check.injections();
  check.fields();
  check.environment();
  check.oauth();
  check.links();
  return check.issues;
}

class Check {
  readonly issues: Issue[] = [];
  /** What URLs may name. */
  readonly #urlNames: readonly string[];
  /** What injections and extra headers may name. */
  readonly #valueNames: readonly string[];
  /** The names among them that hold the credential. */
  readonly #credentialNames: readonly string[];
  /** How addresses are judged. */
  readonly #addresses: AddressRules;

  constructor(readonly provider: ProviderDefinition, allowPrivate: boolean) {
    const { base_url, oauth, fields, auth_type } = provider;
    const hasApiUrl = base_url?.api !== undefined || oauth?.api_url_field !== undefined;
    this.#urlNames = [
      ...(base_url === undefined ? [] : ["base_url", ...templateVariables(base_url.template)]),
      ...(hasApiUrl ? ["api_url"] : []),
    ];
    this.#addresses = { allowPrivate, names: this.#urlNames, baseUrl: base_url?.default };
    const names = fields.map((field) => field.name);
    const oauthNames = auth_type === "oauth2" ? ["access_token"] : [];
    this.#credentialNames = auth_type === "oauth2" ? ["access_token"] : names;
    this.#valueNames = [
      ...oauthNames,
      ...(auth_type === "oauth2" ? ["client_id"] : []),
      ...names,
      ...this.#urlNames,
    ];
  }

  add(path: string, message: string): void {
    this.issues.push({ path, message });
  }

  names(): void {
    const { name, alternatives, metadata, schema_version } = this.provider;
    if (!isName(name)) {
      this.add("name", "is not a name: lower-case letters, digits, dots, - and _, at most 64");
    }
    if (schema_version !== 1) this.add("schema_version", "is not 1");
    for (const [index, other] of alternatives.entries()) {
      if (!isName(other) || other === name) {
        this.add(`alternatives.${index}`, "is not the name of another provider");
      }
    }
    if (JSON.stringify(metadata).length > MAX_METADATA_LENGTH) {
      this.add("metadata", `is longer than ${MAX_METADATA_LENGTH} characters`);
    }
  }

  flows(): void {
    const { auth_type, flow, flows, fields, oauth } = this.provider;
    if (flow === undefined) return this.add("flow", "is missing");
    if (flow !== flows[0] || new Set(flows).size !== flows.length) {
      this.add("flows", "does not begin with flow, or names one twice");
    }
    for (const one of flows) {
      if (auth_type === "api_key" && one !== "api_key") {
        this.add("flow", `${one} does not go with auth_type api_key`);
      }
      if (one === "api_key" && fields.length === 0) {
        this.add(auth_type === "api_key" ? "api_key" : "fields", "is missing");
      }
    }
    if (auth_type !== "oauth2") return;
    if (oauth === undefined) return this.add("oauth", "is missing");
    for (const one of flows) {
      for (const name of missingEndpoints(one, oauth)) this.add(`oauth.${name}`, "is missing");
    }
  }

  baseUrl(): void {
    const base = this.provider.base_url;
    if (base === undefined) return;
    const variables = templateVariables(base.template);
    if (base.template !== "{base_url}") {
      if (variables.length === 0 || variables.some((v) => ["base_url", "api_url"].includes(v))) {
        this.add("base_url.template", "has no variable of its own");
      }
      this.url("base_url.template", base.template, variables);
    }
    if (base.default !== undefined) this.url("base_url.default", base.default, []);
    if (base.api !== undefined) {
      this.url("base_url.api.default", base.api.default, []);
      this.url("base_url.api.other", base.api.other, ["base_url", ...variables]);
    }
    this.patterns("base_url.hosts", base.hosts ?? []);
    const source = base.from_field;
    if (source === undefined) return;
    if (!this.provider.fields.some((field) => field.name === source.field)) {
      this.add("base_url.from_field.field", `${source.field} is not one of the fields`);
    }
    if (base.template !== "{base_url}" && variables.length !== 1) {
      this.add("base_url.from_field", "needs a template with one variable");
    }
    this.expression("base_url.from_field.pattern", source.pattern);
  }

  hosts(): void {
    const seen = new Set<string>();
    for (const [index, { url }] of this.provider.hosts.entries()) {
      const path = `hosts.${index}`;
      if (seen.has(url)) this.add(path, `${url} is named twice`);
      seen.add(url);
      this.problem(path, hostProblem(url, this.#addresses));
    }
  }

  patterns(path: string, hosts: readonly string[]): void {
    for (const [index, host] of hosts.entries()) this.pattern(`${path}.${index}`, host);
  }

  pattern(path: string, text: string): void {
    this.problem(path, patternProblem(text, this.#addresses));
  }

  problem(path: string, problem: string | null): void {
    if (problem !== null) this.add(path, problem);
  }

  injections(): void {
    const { injection, hosts, extra_headers } = this.provider;
    this.injection("injection", injection);
    for (const [index, rule] of hosts.entries()) {
      if (rule.injection !== undefined) this.injection(`hosts.${index}.injection`, rule.injection);
    }
    for (const [name, value] of Object.entries(extra_headers)) {
      this.headerName(`extra_headers.${name}`, name);
      this.template(`extra_headers.${name}`, value, this.#valueNames);
    }
  }

  injection(path: string, injection: Injection): void {
    const named = injectionTemplates(injection).flatMap(templateVariables);
    if (!named.some((name) => this.#credentialNames.includes(name))) {
      this.add(path, `names none of ${show(this.#credentialNames)}`);
    }
    switch (injection.type) {
      case "header":
        this.headerName(`${path}.name`, injection.name);
        return this.template(`${path}.value`, injection.value, this.#valueNames);
      case "basic":
        this.template(`${path}.username`, injection.username, this.#valueNames);
        return this.template(`${path}.password`, injection.password, this.#valueNames);
      case "query":
        if (!/^[A-Za-z0-9_.$[\]-]{1,64}$/.test(injection.name)) {
          this.add(`${path}.name`, "is not the name of a query parameter");
        }
        return this.template(`${path}.value`, injection.value, this.#valueNames);
      case "path":
        if (
          !/^\/[A-Za-z0-9._~:/-]*\{[a-z][a-z0-9_]*\}[A-Za-z0-9._~:/-]*$/.test(injection.pattern)
        ) {
          this.add(`${path}.pattern`, "is not a literal path with one {field}");
        }
        return this.template(`${path}.pattern`, injection.pattern, this.#valueNames);
      case "literal":
        for (const [index, field] of injection.fields.entries()) {
          if (!this.#credentialNames.includes(field)) {
            this.add(`${path}.fields.${index}`, `is none of ${show(this.#credentialNames)}`);
          } else if (!Object.values(this.provider.env).includes(field)) {
            this.add(
              `${path}.fields.${index}`,
              "is in no variable of env, so it has no placeholder",
            );
          }
        }
        return;
      default:
        injection satisfies never;
    }
  }

  headerName(path: string, name: string): void {
    const problem = headerProblem(name);
    if (problem !== null) this.add(path, problem);
  }

  template(path: string, template: string, names: readonly string[]): void {
    for (const name of templateVariables(template)) {
      if (!names.includes(name)) this.add(path, `names {${name}}, which is not a field`);
    }
  }

  fields(): void {
    const { fields, auth_type } = this.provider;
    const reserved = [
      "refresh_token",
      "base_url",
      "api_url",
      ...this.#urlNames,
      ...(auth_type === "oauth2" ? ["client_id", "client_secret"] : []),
    ];
    const seen = new Set<string>();
    for (const [index, field] of fields.entries()) {
      const path = `fields.${index}`;
      if (!FIELD_NAME.test(field.name)) {
        this.add(`${path}.name`, "is not a name: lower-case letters, digits and _");
      } else if (reserved.includes(field.name)) {
        this.add(`${path}.name`, `${field.name} has a meaning of its own`);
      } else if (seen.has(field.name)) this.add(`${path}.name`, `${field.name} is named twice`);
      seen.add(field.name);
      if (field.pattern !== undefined) this.expression(`${path}.pattern`, field.pattern);
    }
    if (auth_type === "api_key" && fields.length > 0 && !fields.some((field) => field.secret)) {
      this.add("fields", "holds no secret field");
    }
  }

  expression(path: string, source: string): void {
    try {
      parseKeyPattern(source);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.add(path, `is refused: ${error.message}`);
    }
  }

  environment(): void {
    const { env, auth_type, fields, oauth } = this.provider;
    const names = [
      ...(auth_type === "oauth2" ? ["access_token"] : []),
      ...fields.map((field) => field.name),
      "base_url",
      "api_url",
    ];
    for (const [variable, name] of Object.entries(env)) {
      this.variable(`env.${variable}`, variable);
      if (!names.includes(name)) {
        this.add(`env.${variable}`, `${name} is none of ${show(names)}`);
      }
    }
    for (const variable of Object.keys(oauth?.client_env ?? {})) {
      this.variable(`oauth.client_env.${variable}`, variable);
    }
  }

  variable(path: string, name: string): void {
    if (!VARIABLE_NAME.test(name)) {
      this.add(path, `${name} is not the name of an environment variable`);
    } else if (isForbiddenVariable(name)) {
      this.add(path, `${name} changes how programs run; a credential has no business there`);
    }
  }

  oauth(): void {
    const oauth = this.provider.oauth;
    if (oauth === undefined) return;
    const endpoints = [
      "authorization_url",
      "token_url",
      "refresh_url",
      "device_authorization_url",
      "device_token_url",
      "registration_endpoint",
      "resource",
      "issuer",
      "userinfo_url",
    ] as const;
    for (const name of endpoints) {
      if (oauth[name] !== undefined) this.url(`oauth.${name}`, oauth[name], this.#urlNames);
    }
    const kept = (oauth.kept_fields ?? []).filter((name) => FIELD_NAME.test(name));
    const revocable = ["token", "access_token", "refresh_token", "client_id", "client_secret"];
    if (oauth.revocation_url !== undefined) {
      const names = [...this.#urlNames, "token", "access_token", "refresh_token", "client_id"];
      this.url("oauth.revocation_url", oauth.revocation_url, [...names, ...kept]);
    }
    if (oauth.revocation !== "rfc7009") {
      for (const [name, value] of Object.entries(oauth.revocation.body)) {
        this.template(`oauth.revocation.body.${name}`, value, [...revocable, ...kept]);
      }
    }
    const fields = this.provider.fields.map((field) => field.name);
    for (const [name, value] of Object.entries(oauth.token_params)) {
      this.template(`oauth.token_params.${name}`, value, [...fields, ...this.#urlNames]);
    }
    for (const [name, value] of Object.entries(oauth.refresh_params ?? {})) {
      this.template(`oauth.refresh_params.${name}`, value, ["access_token", "refresh_token"]);
    }
    if (oauth.api_url_field !== undefined && oauth.api_url_hosts === undefined) {
      // Whoever answers at the token endpoint would decide where the token goes.
      this.add("oauth.api_url_hosts", "is missing");
    }
    this.patterns("oauth.api_url_hosts", oauth.api_url_hosts ?? []);
    for (const [index, scope] of oauth.scopes.entries()) {
      // RFC 6749 section 3.3: scope-token.
      if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
        this.add(`oauth.scopes.${index}`, "is not a scope");
      }
    }
  }

  links(): void {
    const { docs_url, logo, check_url } = this.provider;
    if (check_url !== undefined) this.url("check_url", check_url, this.#urlNames);
    if (docs_url !== undefined && !isLink(docs_url)) this.add("docs_url", "is not a web address");
    if (logo !== undefined && !/^[\w-][\w.-]*$/.test(logo) && !/^https:/.test(logo)) {
      this.add("logo", "is neither an https URL nor a file name");
    } else if (logo !== undefined && /^https:/.test(logo) && !isLink(logo)) {
      this.add("logo", "is not a web address");
    }
  }

  url(path: string, template: string, names: readonly string[]): void {
    this.problem(path, urlProblem(template, { ...this.#addresses, names }));
  }
}

/** What a flow cannot do without; discovery (RFC 9728, RFC 8414) may stand in for endpoints. */
function missingEndpoints(flow: Flow, oauth: OAuthSettings): string[] {
  const isDiscovered = oauth.resource !== undefined || oauth.issuer !== undefined;
  const needed: Readonly<Record<Flow, readonly (keyof OAuthSettings)[]>> = {
    pkce: ["authorization_url", "token_url"],
    device_code: ["device_authorization_url", "token_url"],
    dcr_pkce: ["registration_endpoint"],
    client_credentials: ["token_url"],
    api_key: [],
  };
  return isDiscovered ? [] : needed[flow].filter((name) => oauth[name] === undefined);
}

function show(names: readonly string[]): string {
  return names.length === 0 ? "no field" : names.join(", ");
}
