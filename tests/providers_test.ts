import assert from "node:assert/strict";
import { isForbiddenVariable, VARIABLE_NAME } from "../core/environment_name.ts";
import {
  type HostPattern,
  hostRank,
  isPrivateName,
  literalEnd,
  matchesHost,
  parseHostPattern,
} from "../core/host_pattern.ts";
import { fillExtraHeaders, fillInjection, templateVariables } from "../core/injection.ts";
import { baseUrlFromFields, readBaseUrl, urlVariables } from "../core/base_url.ts";
import { authEndpoints, hostRules, knownHosts, parseHostRule } from "../core/host_rules.ts";
import { isName, type ProviderDefinition } from "../core/provider.ts";
import { parseProvider, providerJsonSchema } from "../core/provider_schema.ts";
import { bundledText, readProviderFiles, schemaText } from "../providers/generate.ts";
import { bundledProviders } from "../providers/mod.ts";

const FOLDER = new URL("../providers/", import.meta.url);

function named(name: string): ProviderDefinition {
  return bundledProviders().find((provider) => provider.name === name) ?? assert.fail(name);
}

Deno.test("the register holds 369 providers, each name once and in order", () => {
  const names = bundledProviders().map((provider) => provider.name);
  assert.equal(names.length, 369);
  assert.deepEqual(names, [...new Set(names)].sort());
  assert.equal(named("github").display_name, "GitHub");
});

Deno.test("the register is made of the files: deno task providers changes nothing", () => {
  const definitions = readProviderFiles();
  assert.equal(Deno.readTextFileSync(new URL("bundled.json", FOLDER)), bundledText(definitions));
  assert.deepEqual(bundledProviders(), definitions);
});

Deno.test("schema.json is made from the parser, and every file points at it", () => {
  assert.equal(Deno.readTextFileSync(new URL("schema.json", FOLDER)), schemaText());
  const fields = Object.keys(providerJsonSchema().properties as Record<string, unknown>);
  for (const provider of bundledProviders()) {
    const file = JSON.parse(Deno.readTextFileSync(new URL(`${provider.name}.json`, FOLDER)));
    assert.equal(file.$schema, "./schema.json", provider.name);
    for (const field of Object.keys(file)) assert.ok(fields.includes(field), field);
  }
});

Deno.test("schema.json refuses unknown fields and says which draft it is", () => {
  const schema = providerJsonSchema();
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.required, ["name", "display_name", "auth_type"]);
});

Deno.test("every bundled definition goes through the parser of people's files unchanged", async (t) => {
  for (const provider of bundledProviders()) {
    await t.step(provider.name, () => {
      assert.deepEqual(parseProvider(JSON.parse(JSON.stringify(provider))), provider);
    });
  }
});

Deno.test("every bundled definition talks https to public hosts only", () => {
  for (const provider of bundledProviders()) {
    const { oauth, base_url, check_url, docs_url } = provider;
    const urls = [
      ...Object.entries(oauth ?? {}).filter(([name]) => name.endsWith("_url")).map(([, url]) =>
        url
      ),
      oauth?.registration_endpoint,
      oauth?.resource,
      oauth?.issuer,
      base_url?.default,
      base_url?.api?.default,
      check_url,
      docs_url,
    ].filter((url): url is string => typeof url === "string");
    for (const url of urls) {
      assert.match(url, /^(?:https:\/\/|\{base_url\}\/|\{api_url\}\/)/, `${provider.name}: ${url}`);
    }
    assert.equal(provider.allow_private, undefined, provider.name);
    for (const host of knownHosts(provider)) {
      assert.equal(
        isPrivateName(parseHostPattern(host).suffix),
        false,
        `${provider.name}: ${host}`,
      );
    }
  }
});

Deno.test("every bundled host pattern is anchored: no look-alike of it matches", () => {
  for (const provider of bundledProviders()) {
    for (const text of knownHosts(provider)) {
      const pattern = parseHostPattern(text);
      assert.notEqual(
        pattern.kind,
        "regex",
        `${provider.name}: an exact host or a wildcard will do`,
      );
      const host = text.replaceAll("*", "x");
      assert.equal(matchesHost(pattern, host), true, host);
      const bare = pattern.suffix;
      for (
        const lookAlike of [
          `${host}.evil.test`,
          `evil${bare}`,
          `x.evil${bare}`,
          `${host}.`,
          `${host}\0`,
          host.toUpperCase(),
          `user@${host}`,
          `${host}:443`,
        ]
      ) {
        assert.equal(matchesHost(pattern, lookAlike), false, `${provider.name}: ${lookAlike}`);
      }
    }
  }
});

Deno.test("every bundled provider has a host that its credential goes to", () => {
  for (const provider of bundledProviders()) {
    assert.ok(provider.hosts.length > 0, provider.name);
    const base = provider.base_url;
    const sample = base?.default ??
      (base === undefined ? null : sampleBaseUrl(base.template, base.hosts));
    const apiUrl = provider.oauth?.api_url_hosts?.[0]?.replace("*", "x") ?? null;
    assert.ok(hostRules(provider, sample, apiUrl).length > 0, provider.name);
  }
});

function sampleBaseUrl(template: string, hosts: readonly string[] | undefined): string {
  if (hosts !== undefined) return `https://${hosts[0]!.replace("*", "x")}`;
  return template === "{base_url}"
    ? "https://self-hosted.example"
    : template.replace(/\{[a-z_]+\}/g, "acme");
}

/** One place where a provider's credential may go, as the routing table would rank it. */
interface Claim {
  readonly pattern: HostPattern;
  readonly path: string;
  /** Pinned at login: for the table it is an exact host that the pattern covers. */
  readonly pinned: boolean;
}

function claimsOf(provider: ProviderDefinition): Claim[] {
  return provider.hosts.flatMap((rule): Claim[] => {
    const pinned = templateVariables(rule.url).length > 0;
    const path = /\}(\/.*)$/.exec(rule.url)?.[1] ?? "";
    if (!pinned) return [{ ...parseHostRule(rule.url), pinned }];
    return knownHosts({ ...provider, hosts: [rule] }).map((host) => ({
      pattern: parseHostPattern(host),
      path,
      pinned,
    }));
  });
}

function tie(a: Claim, b: Claim): boolean {
  if (a.path !== b.path) return false;
  const exact = (claim: Claim) => claim.pinned || claim.pattern.kind === "exact";
  if (exact(a) && exact(b)) return covers(a.pattern, b.pattern) || covers(b.pattern, a.pattern);
  if (exact(a) || exact(b)) return false;
  return hostRank(a.pattern) === hostRank(b.pattern) &&
    literalEnd(a.pattern) === literalEnd(b.pattern) &&
    a.pattern.suffix === b.pattern.suffix;
}

function covers(wide: HostPattern, narrow: HostPattern): boolean {
  return wide.text === narrow.text || matchesHost(wide, narrow.text.replaceAll("*", "x"));
}

Deno.test("no two bundled providers claim a host with equal rank unless both say so", () => {
  const claims = bundledProviders().map((provider) => ({ provider, claims: claimsOf(provider) }));
  const ties = new Set<string>();
  for (const one of claims) {
    for (const other of claims) {
      if (one === other || !one.claims.some((a) => other.claims.some((b) => tie(a, b)))) continue;
      ties.add(`${one.provider.name} ${other.provider.name}`);
      assert.ok(
        one.provider.alternatives.includes(other.provider.name),
        `${one.provider.name} must name ${other.provider.name} among its alternatives`,
      );
    }
  }
  for (const { provider } of claims) {
    for (const name of provider.alternatives) {
      assert.ok(
        ties.has(`${provider.name} ${name}`),
        `${provider.name} shares nothing with ${name}`,
      );
    }
  }
  assert.ok(ties.has("github github-pat"));
});

Deno.test("every environment variable of a bundled provider is one a child may be given", () => {
  for (const provider of bundledProviders()) {
    assert.ok(Object.keys(provider.env).length > 0, provider.name);
    for (const [variable, field] of Object.entries(provider.env)) {
      assert.match(variable, VARIABLE_NAME);
      assert.equal(isForbiddenVariable(variable), false, variable);
      assert.notEqual(field, "refresh_token");
    }
  }
});

Deno.test("every injection of a bundled provider can be filled from what a login gives", () => {
  for (const provider of bundledProviders()) {
    const isOAuth = provider.auth_type === "oauth2";
    const values: Record<string, string> = isOAuth ? { access_token: "t", client_id: "c" } : {};
    for (const field of provider.fields) values[field.name] = "v";
    const injections = [
      provider.injection,
      ...provider.hosts.flatMap((rule) => rule.injection ?? []),
    ];
    for (const injection of injections) fillInjection(injection, values);
    fillExtraHeaders(provider.extra_headers, values);
    assert.ok(isName(provider.name));
  }
});

Deno.test("a bundled OAuth provider's endpoints never get its token", () => {
  const google = authEndpoints(named("google"), null);
  assert.ok(google.some(({ host, path }) => host === "oauth2.googleapis.com" && path === "/token"));
  const webex = authEndpoints(named("webex"), null).map(({ path }) => path);
  assert.ok(webex.includes("/v1/device/token"));
  const ghes = authEndpoints(named("github"), "https://git.acme.example");
  assert.ok(ghes.every(({ host }) => host === "git.acme.example"));
});

Deno.test("github keeps github.com's hosts and an Enterprise Server's apart", () => {
  const show = (base: string | null) =>
    hostRules(named("github"), base).map(({ pattern, path, injection }) =>
      `${pattern.text}${path} ${injection.type}`
    );
  assert.deepEqual(show(null), [
    "api.github.com header",
    "uploads.github.com header",
    "raw.githubusercontent.com header",
    "github.com basic",
  ]);
  assert.deepEqual(show("https://github.com/"), show(null));
  assert.deepEqual(show("https://git.acme.example"), [
    "git.acme.example/api header",
    "git.acme.example basic",
  ]);
  assert.equal(urlVariables(named("github"), null).api_url, "https://api.github.com");
  assert.equal(
    urlVariables(named("github"), "https://git.acme.example").api_url,
    "https://git.acme.example/api/v3",
  );
});

Deno.test("a shop's credential is pinned to the shop that was logged in", async (t) => {
  const rows: readonly [provider: string, baseUrl: string, hosts: readonly string[]][] = [
    ["shopify", "acme", ["acme.myshopify.com"]],
    ["shopify", "acme.myshopify.com", ["acme.myshopify.com"]],
    ["shopify", "https://Acme.myshopify.com/", ["acme.myshopify.com"]],
    ["shopify", "https://evil.test", []],
    ["shopify", "https://acme.myshopify.com.evil.test", []],
    ["shopify", "https://evil.test/.myshopify.com", []],
    ["shopify", "https://evil.test?.myshopify.com", []],
    ["shopify", "evil.test#", []],
    ["databricks", "https://dbc-1.cloud.databricks.com", ["dbc-1.cloud.databricks.com"]],
    ["databricks", "https://cloud.databricks.com.evil.test", []],
    ["datadog", "datadoghq.eu", ["api.datadoghq.eu"]],
    ["datadog", "https://api.evil.test", []],
    ["auth0-management", "acme.eu.auth0.com", ["acme.eu.auth0.com"]],
    ["auth0-management", "evil.test", []],
    ["grafana", "https://grafana.acme.example/", ["grafana.acme.example"]],
    ["grafana", "http://grafana.acme.example", []],
    ["grafana", "https://a:b@grafana.acme.example", []],
    ["grafana", "https://grafana.acme.example/?x", []],
  ];
  for (const [provider, baseUrl, hosts] of rows) {
    await t.step(`${provider} ${baseUrl}`, () => {
      assert.deepEqual(hostRules(named(provider), baseUrl).map((rule) => rule.pattern.text), hosts);
    });
  }
});

Deno.test("readBaseUrl() takes private hosts only where they are allowed", () => {
  const base = { template: "{base_url}" };
  assert.equal(readBaseUrl(base, "https://git.corp.internal"), null);
  assert.equal(
    readBaseUrl(base, "http://localhost:3000", { allowPrivate: true })?.base_url,
    "http://localhost:3000",
  );
  assert.equal(readBaseUrl(base, "http://git.corp.internal", { allowPrivate: true }), null);
  assert.deepEqual(readBaseUrl(base, "git.acme.example/"), {
    base_url: "https://git.acme.example",
  });
});

Deno.test("an API URL that a token reply names counts on the provider's own hosts only", () => {
  const hosts = (provider: string, apiUrl: string | null) =>
    hostRules(named(provider), null, apiUrl).map((rule) => rule.pattern.text + rule.path);
  assert.deepEqual(hosts("salesforce", "https://acme.my.salesforce.com"), [
    "acme.my.salesforce.com",
  ]);
  assert.deepEqual(hosts("salesforce", "https://acme.my.salesforce.com.evil.test"), []);
  assert.deepEqual(hosts("salesforce", null), []);
  assert.deepEqual(hosts("wrike", "app-us2.wrike.com"), ["app-us2.wrike.com/api"]);
  assert.deepEqual(hosts("openai", "https://evil.test"), ["api.openai.com", "eu.api.openai.com"]);
});

Deno.test("baseUrlFromFields() reads a host off the key where the definition says how", () => {
  const key = `${"0123456789abcdef".repeat(2)}-us19`;
  assert.equal(
    baseUrlFromFields(named("mailchimp"), { api_key: key }),
    "https://us19.api.mailchimp.com",
  );
  assert.equal(baseUrlFromFields(named("mailchimp"), { api_key: "no data centre" }), null);
  assert.equal(baseUrlFromFields(named("openai"), { api_key: "sk-x" }), null);
  const rules = hostRules(
    named("algolia"),
    baseUrlFromFields(named("algolia"), { application_id: "AB12CD" }),
  );
  assert.deepEqual(rules.map((rule) => rule.pattern.text).slice(0, 2), [
    "ab12cd.algolia.net",
    "ab12cd-dsn.algolia.net",
  ]);
});
