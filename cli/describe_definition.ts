/**
 * A provider definition in words: what is trusted with the credential, and how one logs in.
 *
 * @module
 */
import { type Injection, injectionTemplates } from "../core/injection.ts";
import type { ProviderDefinition } from "../core/provider.ts";

/** A label and what it stands for. */
export type Fact = readonly [label: string, value: string];

/** Label and value, what matters most for trust first. */
export function describeDefinition(provider: ProviderDefinition): Fact[] {
  const facts: (readonly [string, string | undefined])[] = [
    ["title", provider.display_name],
    ["about", provider.description],
    ["hosts", provider.hosts.map(({ url }) => url).join(", ")],
    ["credential in", describeInjections(provider).join("; ")],
    ...describeEndpoints(provider),
    ["flows", provider.flows.join(", ")],
    ["asks for", provider.fields.map(({ label }) => label).join(", ")],
    ["scopes", provider.oauth?.scopes.join(", ")],
    ["variables", Object.keys(provider.env).join(", ")],
    ["base URL", describeBaseUrl(provider)],
    ["private hosts", provider.allow_private === true ? "allowed" : undefined],
    ["docs", provider.docs_url],
  ];
  return facts.filter((fact): fact is Fact => fact[1] !== undefined && fact[1] !== "");
}

/** URLs that see a code, a refresh token or a client secret. */
function describeEndpoints({ oauth }: ProviderDefinition): Fact[] {
  if (oauth === undefined) return [];
  return ([
    ["authorization", oauth.authorization_url],
    ["token", oauth.token_url],
    ["refresh", oauth.refresh_url],
    ["device", oauth.device_authorization_url],
    ["registration", oauth.registration_endpoint],
    ["revocation", oauth.revocation_url],
    ["account", oauth.userinfo_url],
  ] as const).flatMap(([label, url]) => url === undefined ? [] : [[label, url] as const]);
}

/** `{base_url}` in the lines above stands for this. */
function describeBaseUrl({ base_url }: ProviderDefinition): string | undefined {
  if (base_url === undefined) return undefined;
  const { template, default: preset } = base_url;
  const form = template === "{base_url}" ? "any https URL" : template;
  return preset === undefined ? `${form}, asked for at login` : `${preset}, or --base-url`;
}

function describeInjections(provider: ProviderDefinition): string[] {
  const injections = [
    provider.injection,
    ...provider.hosts.flatMap(({ injection }) => injection === undefined ? [] : [injection]),
  ];
  // An extra header may hold a second credential, as Datadog's application key.
  const extra = Object.entries(provider.extra_headers).filter(([, value]) => value.includes("{"));
  return [
    ...new Set([
      ...injections.map(describeInjection),
      ...extra.map(([name, value]) => `header ${name}: ${value}`),
    ]),
  ];
}

function describeInjection(injection: Injection): string {
  switch (injection.type) {
    case "header":
      return `header ${injection.name}: ${injection.value}`;
    case "basic":
      return `Basic authentication ${injectionTemplates(injection).join(":")}`;
    case "query":
      return `query parameter ${injection.name}=${injection.value}`;
    case "path":
      return `path ${injection.pattern}`;
    case "literal":
      return `placeholder of ${injection.fields.join(", ")}, wherever the program writes it`;
    default:
      return injection satisfies never;
  }
}
