import assert from "node:assert/strict";
import { InvalidProviderDefinitionError } from "../../core/errors.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import {
  MAX_PROVIDER_BYTES,
  parseProvider,
  parseProviderText,
} from "../../core/provider_schema.ts";

const KEY = {
  name: "acme",
  display_name: "Acme",
  auth_type: "api_key",
  flow: "api_key",
  api_url: "https://api.acme.com",
  api_key: { header_name: "X-Acme-Key", header_prefix: "" },
};

const OAUTH = {
  name: "acme",
  display_name: "Acme",
  auth_type: "oauth2",
  flow: "pkce",
  api_url: "api.acme.com",
  oauth: {
    authorization_url: "https://acme.com/oauth/authorize",
    token_url: "https://acme.com/oauth/token",
  },
};

function errorOf(input: unknown, allowPrivate = false): InvalidProviderDefinitionError {
  try {
    parseProvider(input, { allowPrivate });
  } catch (error) {
    assert.ok(error instanceof InvalidProviderDefinitionError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the definition was accepted" });
}

/** `path message` of the first problem. */
function problemOf(input: unknown): string {
  const issue = errorOf(input).issues![0]!;
  return `${issue.path} ${issue.message}`;
}

Deno.test("parseProvider() reads the reference's key provider as a header template", () => {
  const provider = parseProvider({
    ...KEY,
    schema_version: 1,
    docs: "https://acme.com/docs",
    type: "llm",
    metadata: { description: "An API" },
    api_key: {
      header_name: "Authorization",
      header_prefix: "Token",
      key_pattern: "^ak_[A-Za-z0-9]{8}$",
      key_pattern_hint: "ak_ and 8 characters",
      env_var: "ACME_API_KEY",
    },
    export: { ACME_TOKEN: "API_TOKEN", ACME_URL: "API_URL" },
    oauth: null,
    logo: null,
  });

  assert.deepEqual(
    provider,
    {
      schema_version: 1,
      name: "acme",
      display_name: "Acme",
      category: "llm",
      docs_url: "https://acme.com/docs",
      metadata: { description: "An API" },
      auth_type: "api_key",
      flow: "api_key",
      flows: ["api_key"],
      hosts: [{ url: "api.acme.com" }],
      injection: { type: "header", name: "Authorization", value: "Token {api_key}" },
      extra_headers: {},
      fields: [{
        name: "api_key",
        label: "API key",
        secret: true,
        pattern: "^ak_[A-Za-z0-9]{8}$",
        pattern_hint: "ak_ and 8 characters",
      }],
      env: { ACME_API_KEY: "api_key", ACME_TOKEN: "api_key", ACME_URL: "api_url" },
      alternatives: [],
    } satisfies ProviderDefinition,
  );
});

Deno.test("parseProvider() reads the reference's OAuth provider with all its spellings", () => {
  const provider = parseProvider({
    ...OAUTH,
    docs_url: "https://acme.com/docs",
    api_url: ["https://API.acme.com/v1/", "regex:^[a-z0-9-]+\\.acme\\.com$", "{base_url}/api"],
    oauth: {
      authorization_url: "{base_url}/oauth/authorize",
      token_url: "{base_url}/oauth/token",
      revocation_url: null,
      device_authorization_url: "{base_url}/oauth/device",
      base_url: "https://acme.com",
      scopes: ["read", "write"],
      pkce: true,
      supports_device_code: true,
      supports_dcr: true,
      device_token_request: "oauth2_form",
      authorization_params: { prompt: "consent" },
      authorization_method: "basic",
    },
    registration: { registration_endpoint: "{base_url}/oauth/register" },
    export: { env: { access_token: "ACME_TOKEN", refresh_token: "ACME_REFRESH" } },
  });

  assert.deepEqual(provider.hosts.map((host) => host.url), [
    "api.acme.com/v1",
    "regex:^[a-z0-9-]+\\.acme\\.com$",
    "{base_url}/api",
  ]);
  assert.deepEqual(provider.flows, ["pkce", "device_code", "dcr_pkce"]);
  assert.deepEqual(provider.base_url, { template: "{base_url}", default: "https://acme.com" });
  assert.deepEqual(provider.env, { ACME_TOKEN: "access_token" }, "no refresh token is exported");
  assert.deepEqual(provider.oauth, {
    authorization_url: "{base_url}/oauth/authorize",
    token_url: "{base_url}/oauth/token",
    device_authorization_url: "{base_url}/oauth/device",
    registration_endpoint: "{base_url}/oauth/register",
    scopes: ["read", "write"],
    scope_separator: " ",
    pkce_method: "S256",
    token_endpoint_auth_method: "client_secret_basic",
    token_request_format: "json",
    device_token_request: "form",
    authorization_params: { prompt: "consent" },
    token_params: {},
    revocation: "rfc7009",
  });
});

Deno.test("parseProvider() takes each of the reference's spellings", async (t) => {
  const rows: readonly [
    name: string,
    input: unknown,
    read: (provider: ProviderDefinition) => unknown,
    expected: unknown,
  ][] = [
    ["a bare key header", KEY, (p) => p.injection, {
      type: "header",
      name: "X-Acme-Key",
      value: "{api_key}",
    }],
    [
      "a null prefix",
      { ...KEY, api_key: { header_prefix: null } },
      (p) => p.injection,
      { type: "header", name: "Authorization", value: "{api_key}" },
    ],
    [
      "no prefix said",
      { ...KEY, api_key: {} },
      (p) => p.injection,
      { type: "header", name: "Authorization", value: "Bearer {api_key}" },
    ],
    [
      "flat export",
      { ...OAUTH, export: { ACME: "ACCESS_TOKEN", ACME_URL: "BASE_URL" } },
      (p) => p.env,
      { ACME: "access_token", ACME_URL: "base_url" },
    ],
    [
      "nested export of a key",
      { ...KEY, export: { env: { api_key: "ACME_KEY" } } },
      (p) => p.env,
      { ACME_KEY: "api_key" },
    ],
    [
      "registration_endpoint in oauth",
      {
        ...OAUTH,
        flow: "dcr_pkce",
        oauth: { ...OAUTH.oauth, registration_endpoint: "https://acme.com/register" },
      },
      (p) => [p.oauth?.registration_endpoint, p.oauth?.token_endpoint_auth_method],
      ["https://acme.com/register", "none"],
    ],
    [
      "client authentication in the body",
      { ...OAUTH, oauth: { ...OAUTH.oauth, authorization_method: "body" } },
      (p) => [p.oauth?.token_endpoint_auth_method, p.oauth?.token_request_format],
      ["client_secret_post", "form"],
    ],
    [
      "the older name of the method",
      { ...OAUTH, oauth: { ...OAUTH.oauth, client_secret_handling: "basic" } },
      (p) => p.oauth?.token_endpoint_auth_method,
      "client_secret_basic",
    ],
    [
      "pkce switched off",
      { ...OAUTH, oauth: { ...OAUTH.oauth, pkce: false } },
      (p) => p.oauth?.pkce_method,
      "none",
    ],
    [
      "a JSON device poll",
      { ...OAUTH, oauth: { ...OAUTH.oauth, device_token_request: "json" } },
      (p) => p.oauth?.device_token_request,
      "json",
    ],
    [
      "{base_url} without a default",
      { ...OAUTH, oauth: { ...OAUTH.oauth, token_url: "{base_url}/token" } },
      (p) => p.base_url,
      { template: "{base_url}" },
    ],
    ["a host with a port", { ...KEY, api_url: "https://api.acme.com:443/" }, (p) => p.hosts, [{
      url: "api.acme.com",
    }]],
    ["no api_url at all", { ...KEY, api_url: null }, (p) => p.hosts, []],
    [
      "nulls in sections",
      {
        ...OAUTH,
        metadata: null,
        export: null,
        registration: null,
        oauth: { ...OAUTH.oauth, revocation_url: null, base_url: null, scopes: null },
      },
      (p) => p.oauth?.scopes,
      [],
    ],
  ];
  for (const [name, input, read, expected] of rows) {
    await t.step(name, () => {
      const provider = parseProvider(input);
      assert.deepEqual(read(provider), expected);
      assert.deepEqual(parseProvider(provider), provider, "and again");
    });
  }
});

Deno.test("parseProvider() gives a canonical definition back as it is", () => {
  const canonical = {
    schema_version: 1,
    name: "acme",
    display_name: "Acme",
    description: "Everything at once",
    category: "dev",
    docs_url: "https://acme.com/docs",
    logo: "acme.svg",
    metadata: { nested: { list: [1, null, "x"] } },
    auth_type: "oauth2",
    flow: "pkce",
    flows: ["pkce", "client_credentials"],
    hosts: [
      { url: "{shop}.acme.com" },
      {
        url: "git.acme.com/r",
        injection: { type: "basic", username: "x", password: "{access_token}" },
      },
      { url: "{base_url}/v1", only: "other_base_url" },
      { url: "{api_url}" },
    ],
    injection: { type: "query", name: "access_token", value: "{access_token}" },
    extra_headers: { "Client-Id": "{client_id}", "Acme-Version": "2" },
    base_url: {
      template: "https://{shop}.acme.com",
      default: "https://www.acme.com",
      hosts: ["*.acme.com"],
      label: "Shop",
      from_field: { field: "account_id", pattern: "^([a-z]+)$" },
    },
    oauth: {
      authorization_url: "{base_url}/authorize",
      token_url: "https://{shop}.acme.com/token",
      revocation_url: "https://acme.com/revoke/{refresh_token}",
      scopes: ["a:b"],
      scope_separator: ",",
      pkce_method: "none",
      token_endpoint_auth_method: "client_secret_basic",
      token_request_format: "json",
      device_token_request: "form",
      authorization_params: {},
      token_params: { grant_type: "account_credentials", account_id: "{account_id}" },
      refresh_params: { grant_type: "exchange", token: "{access_token}" },
      revocation: {
        method: "DELETE",
        authentication: "client_secret_basic",
        format: "json",
        body: { user: "{user_id}", token: "{token}" },
        tokens: ["refresh_token"],
      },
      token_lifetime_seconds: 3600,
      kept_fields: ["user_id"],
      api_url_field: "instance_url",
      api_url_hosts: ["*.acme.com"],
      client_env: { ACME_CLIENT_ID: "client_id" },
    },
    fields: [{ name: "account_id", label: "Account ID", secret: false }],
    env: { ACME_TOKEN: "access_token", ACME_ACCOUNT: "account_id", ACME_URL: "base_url" },
    alternatives: ["acme-key"],
    check_url: "{api_url}/me",
  } as const satisfies ProviderDefinition;

  assert.deepEqual(parseProvider(canonical), canonical);
});

Deno.test("parseProvider() names the place and the provider in its message", () => {
  const error = errorOf({ ...OAUTH, oauth: { authorization_url: "https://acme.com/a" } });
  assert.equal(error.message, 'Cannot read provider "acme": oauth.token_url is missing');
  assert.deepEqual(error.issues, [{ path: "oauth.token_url", message: "is missing" }]);
  assert.equal(error.provider, "acme");
});

Deno.test("parseProvider() lists every problem and counts them in the message", () => {
  const error = errorOf({ ...KEY, name: "Acme", api_url: ["localhost", "*.com"] });
  assert.deepEqual(error.issues!.map((issue) => issue.path), ["name", "api_url.0", "api_url.1"]);
  assert.match(error.message, /^Cannot read provider "Acme": name is not a name.* \(and 2 more\)$/);
});

Deno.test("parseProvider() refuses what breaks a rule, naming the path", async (t) => {
  const oauth = (settings: Record<string, unknown>) => ({
    ...OAUTH,
    oauth: { ...OAUTH.oauth, ...settings },
  });
  const hosts = (...urls: unknown[]) => ({ ...KEY, api_url: undefined, hosts: urls });
  const rows: readonly [name: string, input: unknown, problem: RegExp][] = [
    ["no object", 7, /^ it is not an object/],
    ["a list", [], /^ it is not an object/],
    ["null", null, /^ it is not an object/],
    ["no name", { ...KEY, name: undefined }, /^name is missing/],
    ["no display name", { ...KEY, display_name: undefined }, /^display_name is missing/],
    ["no auth type", { ...KEY, auth_type: undefined }, /^auth_type is missing/],
    ["no flow", { ...OAUTH, flow: undefined }, /^flow is missing/],
    ["no key section", { ...KEY, api_key: undefined }, /^api_key is missing/],
    ["no oauth section", { ...OAUTH, oauth: null }, /^oauth is missing/],
    ["a browser login", { ...KEY, auth_type: "browser" }, /^auth_type browser logins are not/],
    ["a flow of the other kind", { ...KEY, flow: "pkce" }, /^flow pkce does not go with/],
    ["an unknown flow", { ...KEY, flow: "magic" }, /^flow is not pkce, /],
    ["another schema version", { ...KEY, schema_version: 2 }, /^schema_version is not 1/],
    ["an unknown field", { ...KEY, tokens: 1 }, /^tokens is not a field/],
    ["an unknown field inside", oauth({ tokn_url: "x" }), /^oauth\.tokn_url is not a field/],
    [
      "an unknown field of a host",
      hosts({ url: "a.acme.com", x: 1 }),
      /^hosts\.0\.x is not a field/,
    ],
    ["a field of another type", oauth({ scopes: "read" }), /^oauth\.scopes is not a list/],
    [
      "device flow without its URL",
      { ...OAUTH, flow: "device_code" },
      /device_authorization_url is/,
    ],
    ["dcr without an endpoint", { ...OAUTH, flow: "dcr_pkce" }, /^oauth\.registration_endpoint is/],

    ["a name that climbs", { ...KEY, name: "../etc" }, /^name is not a name/],
    ["a name with two dots", { ...KEY, name: "a..b" }, /^name is not a name/],
    ["a name in upper case", { ...KEY, name: "ACME" }, /^name is not a name/],
    ["a name with a slash", { ...KEY, name: "a/b" }, /^name is not a name/],
    ["a name that is too long", { ...KEY, name: "a".repeat(65) }, /^name is not a name/],
    ["a control character", { ...KEY, display_name: "A\x1b[31m" }, /^display_name holds a control/],
    ["a line break in a header", {
      ...KEY,
      extra_headers: { "X-A": "a\r\nHost: evil.test" },
    }, /^extra_headers\.X-A holds a control/],
    ["a control character in metadata", {
      ...KEY,
      metadata: { a: [{ b: "\0" }] },
    }, /^metadata\.a\.0\.b holds a control/],
    ["a control character in a name", { ...KEY, "a\nb": 1 }, /^ holds a field whose name/],
    ["a direction override", { ...KEY, display_name: "A\u202ecme" }, /^display_name holds a/],
    ["a zero-width space in a host", hosts("api\u200b.acme.com"), /^hosts\.0 holds a control/],
    ["half a surrogate pair", { ...KEY, display_name: "\ud800" }, /^display_name holds a control/],
    ["a prototype", JSON.parse('{"name":"acme","__proto__":{}}'), /^ holds a field whose name/],
    ["metadata without end", {
      ...KEY,
      metadata: { a: "x".repeat(20_000) },
    }, /^metadata is longer/],

    ["http", oauth({ token_url: "http://acme.com/token" }), /^oauth\.token_url is not https/],
    [
      "another scheme",
      oauth({ token_url: "file:///etc/passwd" }),
      /^oauth\.token_url is not https/,
    ],
    ["no scheme", oauth({ token_url: "acme.com/token" }), /^oauth\.token_url is not a URL/],
    ["localhost", oauth({ token_url: "https://localhost/t" }), /^oauth\.token_url lies on this/],
    ["loopback", oauth({ token_url: "https://127.0.0.1/t" }), /^oauth\.token_url lies on this/],
    ["loopback in hex", oauth({ token_url: "https://0x7f.1/t" }), /^oauth\.token_url lies on this/],
    ["loopback as a number", oauth({ token_url: "https://2130706433/" }), /lies on this machine/],
    ["loopback, IPv6", oauth({ token_url: "https://[::1]/t" }), /^oauth\.token_url lies on this/],
    ["mapped IPv4", oauth({ token_url: "https://[::ffff:10.0.0.1]/t" }), /lies on this machine/],
    ["cloud metadata", oauth({ token_url: "https://169.254.169.254/" }), /lies on this machine/],
    [
      "a single label",
      oauth({ token_url: "https://intranet/t" }),
      /^oauth\.token_url lies on this/,
    ],
    [
      "a trailing dot",
      oauth({ token_url: "https://acme.com./t" }),
      /acme\.com\. is not a host name/,
    ],
    ["a private default", oauth({ base_url: "https://10.0.0.1" }), /^oauth\.base_url lies on this/],
    ["user information", oauth({ token_url: "https://a:b@acme.com/t" }), /holds user information/],
    [
      "empty user information",
      oauth({ token_url: "https://@acme.com/t" }),
      /holds user information/,
    ],
    [
      "a fragment",
      oauth({ token_url: "https://acme.com/t#x" }),
      /^oauth\.token_url holds a fragment/,
    ],
    ["a backslash", oauth({ token_url: "https://acme.com\\@evil.test/" }), /characters that URLs/],
    ["Unicode", oauth({ token_url: "https://аcme.com/t" }), /characters that URLs do not have/],
    ["a space", oauth({ token_url: "https://acme.com/t x" }), /characters that URLs do not have/],
    [
      "an unknown variable",
      oauth({ token_url: "https://{x}.acme.com" }),
      /names \{x\}, which is no/,
    ],
    ["a private check URL", { ...KEY, check_url: "https://10.1.2.3/" }, /^check_url lies on this/],
    ["docs that run code", { ...KEY, docs: "javascript:alert(1)" }, /^docs is not a web address/],
    ["a logo that runs code", { ...KEY, logo: "javascript:alert(1)" }, /^logo is neither/],

    ["a private host", hosts("localhost"), /^hosts\.0 lies on this machine/],
    ["an IP address", { ...KEY, api_url: "https://8.8.8.8" }, /^api_url\.0 lies on this machine/],
    ["an odd IP address", hosts("2130706433"), /^hosts\.0 2130706433 is refused: not a host name/],
    ["a private wildcard", hosts("*.corp.internal"), /^hosts\.0 lies on this machine/],
    ["a wildcard over a TLD", hosts("*.com"), /^hosts\.0 \*\.com is refused/],
    [
      "a regex that leaks",
      { ...KEY, api_url: "regex:.*googleapis.*" },
      /^api_url\.0 .* is refused/,
    ],
    [
      "a catastrophic regex",
      { ...KEY, api_url: "regex:^(a+)+\\.acme\\.com$" },
      /must not be repea/,
    ],
    ["a plain http host", hosts("http://api.acme.com"), /^hosts\.0 is not https/],
    ["a host with user information", hosts("a@api.acme.com"), /^hosts\.0 holds user information/],
    [
      "a host with a query",
      hosts("api.acme.com/v1?x=1"),
      /^hosts\.0 holds user information, a que/,
    ],
    ["a host with a fragment", hosts("api.acme.com#x"), /^hosts\.0 holds/],
    ["a path that climbs", hosts("api.acme.com/v1/../v2"), /^hosts\.0 holds a path with empty or/],
    ["an encoded path", hosts("api.acme.com/%2e%2e"), /^hosts\.0 holds/],
    ["a wildcard in a path", hosts("api.acme.com/*"), /^hosts\.0 holds a wildcard/],
    ["a host twice", hosts("api.acme.com", "https://api.acme.com/"), /^hosts\.1 .* named twice/],
    ["a host with a variable of nobody", hosts("{shop}.acme.com"), /^hosts\.0 names \{shop\}/],

    [
      "a costly key pattern",
      { ...KEY, api_key: { key_pattern: "^(a+)+$" } },
      /^api_key\.key_pattern/,
    ],
    ["a key pattern with a look-ahead", {
      ...KEY,
      api_key: { key_pattern: "(?=.*a)(?=.*b).*" },
    }, /^api_key\.key_pattern is refused: it uses more/],
    ["a key pattern without end", {
      ...KEY,
      api_key: { key_pattern: "[a-z" },
    }, /^api_key\.key_pattern is refused/],

    ["PATH", { ...KEY, env: { PATH: "api_key" } }, /^env\.PATH PATH changes how programs run/],
    ["LD_PRELOAD", { ...KEY, env: { LD_PRELOAD: "api_key" } }, /^env\.LD_PRELOAD .* changes how/],
    ["NODE_OPTIONS", { ...KEY, export: { NODE_OPTIONS: "API_TOKEN" } }, /^export\.NODE_OPTIONS NO/],
    ["HTTPS_PROXY", { ...KEY, env: { HTTPS_PROXY: "api_key" } }, /^env\.HTTPS_PROXY .* changes/],
    [
      "a proxy in small letters",
      { ...KEY, env: { https_proxy: "api_key" } },
      /is not the name of an/,
    ],
    ["our own variables", {
      ...KEY,
      api_key: { env_var: "AUTHSOME_HOME" },
    }, /^api_key\.env_var AUTHSOME_HOME changes/],
    [
      "a variable that is none",
      { ...KEY, env: { "A B": "api_key" } },
      /^env\.A B A B is not the na/,
    ],
    ["a variable of no field", { ...KEY, env: { ACME: "token" } }, /^env\.ACME token is none of/],
    [
      "a refresh token to export",
      { ...OAUTH, env: { ACME: "refresh_token" } },
      /^env\.ACME refresh_/,
    ],

    ["Host", { ...KEY, extra_headers: { host: "evil.test" } }, /^extra_headers\.host host belongs/],
    [
      "Content-Length",
      { ...KEY, extra_headers: { "Content-Length": "0" } },
      /belongs to the connec/,
    ],
    [
      "a hop-by-hop header",
      { ...KEY, api_key: { header_name: "Connection" } },
      /^api_key\.header_nam/,
    ],
    [
      "a header that is no token",
      { ...KEY, api_key: { header_name: "X Key" } },
      /not a header name/,
    ],
    ["a pseudo-header", { ...KEY, extra_headers: { ":path": "/" } }, /is not a header name/],
    ["a header naming no field", {
      ...KEY,
      injection: { type: "header", name: "X-Key", value: "{refresh_token}" },
    }, /^injection names none of api_key/],
    ["a placeholder of no field", {
      ...KEY,
      injection: { type: "literal", fields: ["refresh_token"] },
    }, /^injection names none of api_key/],
    ["a placeholder that no variable holds", {
      ...KEY,
      env: {},
      injection: { type: "literal", fields: ["api_key"] },
    }, /^injection\.fields\.0 is in no variable of env/],
    ["a fixed secret", {
      ...KEY,
      injection: { type: "header", name: "X-Key", value: "sk-live" },
    }, /^injection names none of api_key/],
    ["an extra header of no field", {
      ...KEY,
      extra_headers: { "X-A": "{client_secret}" },
    }, /^extra_headers\.X-A names \{client_secret\}/],
    ["the client secret in a header", {
      ...OAUTH,
      extra_headers: { "X-A": "{client_secret}" },
    }, /^extra_headers\.X-A names \{client_secret\}/],
    ["a path without a field", {
      ...KEY,
      injection: { type: "path", pattern: "/bot/" },
    }, /^injection names none/],
    ["a path with two", {
      ...KEY,
      injection: { type: "path", pattern: "/{api_key}/{api_key}" },
    }, /^injection\.pattern is not a literal path/],
    ["a query that is none", {
      ...KEY,
      injection: { type: "query", name: "a&b", value: "{api_key}" },
    }, /^injection\.name is not the name of a query/],
    ["an unknown injection", { ...KEY, injection: { type: "cookie" } }, /^injection/],
    ["a field with a reserved name", {
      ...KEY,
      fields: [{ name: "base_url", label: "x", secret: true }],
    }, /^fields\.0\.name base_url has a meaning/],
    ["no secret field", {
      ...KEY,
      injection: { type: "header", name: "X", value: "{id}" },
      fields: [{ name: "id", label: "ID", secret: false }],
    }, /^fields holds no secret field/],
    ["a scope with a space", oauth({ scopes: ["read write"] }), /^oauth\.scopes\.0 is not a scope/],
    [
      "token parameters of a secret",
      oauth({ token_params: { a: "{client_secret}" } }),
      /token_param/,
    ],
    [
      "itself as alternative",
      { ...KEY, alternatives: ["acme"] },
      /^alternatives\.0 is not the name/,
    ],
    ["its own permission", { ...KEY, allow_private: true }, /^allow_private is the owner's to say/],
  ];
  for (const [name, input, problem] of rows) {
    await t.step(name, () => assert.match(problemOf(input), problem));
  }
});

Deno.test("parseProvider() takes private hosts only on the owner's word", () => {
  const intern = {
    ...OAUTH,
    api_url: "http://localhost:8080/api",
    oauth: {
      authorization_url: "https://login.corp.internal/authorize",
      token_url: "http://127.0.0.1:9000/token",
    },
  };
  assert.match(problemOf(intern), /^api_url\.0 is not https/);

  const provider = parseProvider(intern, { allowPrivate: true });

  assert.equal(provider.allow_private, true);
  assert.deepEqual(parseProvider(provider, { allowPrivate: true }), provider);
  // A file in the home was put there by the owner: what it says is the owner's word.
  assert.deepEqual(parseProvider(provider, { allowPrivate: "as_stated" }), provider);
  assert.throws(() => parseProvider(provider), InvalidProviderDefinitionError);
  assert.throws(() => parseProvider(intern, { allowPrivate: "as_stated" }));
});

Deno.test("parseProvider() keeps http to this machine, even on the owner's word", () => {
  const error = errorOf({
    ...OAUTH,
    oauth: {
      ...OAUTH.oauth,
      token_url: "http://login.corp.internal/token",
    },
  }, true);
  assert.deepEqual(error.issues, [{ path: "oauth.token_url", message: "is not https" }]);
});

Deno.test("parseProviderText() reads comments and trailing commas", () => {
  const text = `\ufeff// Acme's API
  {
    "name": "acme", /* the // name */
    "display_name": "Acme // \\"Inc\\" /* x */ ,]",
    "auth_type": "api_key",
    "api_url": ["https://api.acme.com",],
    "api_key": {},
  }`;
  const provider = parseProviderText(text);
  assert.equal(provider.display_name, 'Acme // "Inc" /* x */ ,]');
  assert.deepEqual(provider.hosts, [{ url: "api.acme.com" }]);
});

Deno.test("parseProviderText() tells each problem at its line, from top to bottom", () => {
  const text = `{
    "name": "acme", // ours
    "display_name": "Acme",
    "auth_type": "api_key",
    "hosts": [
      "api.acme.test",
      "localhost"
    ],
    "color": "red",
    "fields": [
      { "name": "api_key", "label": "Key",
        "secret": "yes" },
    ],
  }`;
  const of = (text: string) => {
    try {
      parseProviderText(text, { source: "acme.json" });
    } catch (error) {
      assert.ok(error instanceof InvalidProviderDefinitionError);
      return [error.message, error.issues!.map(({ path, line }) => [path, line])];
    }
  };

  assert.deepEqual(of(text), [
    "Cannot read acme.json: line 9: color is not a field of a provider definition (and 1 more)",
    [["color", 9], ["fields.0.secret", 12]],
  ]);
  const shaped = text.replace('"color": "red",', "").replace('"yes"', "true");
  assert.deepEqual(of(shaped)![1], [["hosts.1", 7]]);
});

Deno.test("parseProviderText() survives hostile files with a clear error", async (t) => {
  const deep = (depth: number) =>
    '{"name":"acme","metadata":' + '{"a":'.repeat(depth) + "1" +
    "}".repeat(depth + 1);
  const wide = JSON.stringify({ ...KEY, metadata: { list: Array(20_000).fill(0) } });
  const rows: readonly [name: string, text: string, message: string][] = [
    ["nothing", "", "Cannot read the provider definition: it is not JSON from line 1, column 1 on"],
    [
      "no JSON",
      "name: acme",
      "Cannot read the provider definition: it is not JSON from line 1, column 2 on",
    ],
    [
      "a cut file",
      '{"name":"ac',
      "Cannot read the provider definition: it is not JSON from line 1, column 12 on",
    ],
    [
      "an open comment",
      "/* {}",
      "Cannot read the provider definition: it is not JSON from line 1, column 1 on",
    ],
    [
      "a huge file",
      `{"name":"${"a".repeat(MAX_PROVIDER_BYTES)}"}`,
      `Cannot read the provider definition: it is longer than ${MAX_PROVIDER_BYTES} bytes`,
    ],
    [
      "a huge file in few characters",
      `{"name":"${"€".repeat(MAX_PROVIDER_BYTES / 2)}"}`,
      `Cannot read the provider definition: it is longer than ${MAX_PROVIDER_BYTES} bytes`,
    ],
    ["deep nesting", deep(50), 'Cannot read provider "acme": it is nested deeper than 10'],
    [
      "very deep nesting",
      "[".repeat(MAX_PROVIDER_BYTES - 2),
      "Cannot read the provider definition: it is not JSON from line 1, column 262143 on",
    ],
    [
      "very deep nesting that closes",
      "[".repeat(100_000) + "]".repeat(100_000),
      "Cannot read the provider definition: it is nested deeper than 10",
    ],
    [
      "very many values",
      wide,
      'Cannot read provider "acme": it has more than 10000 values',
    ],
  ];
  for (const [name, text, message] of rows) {
    await t.step(name, () => {
      assert.throws(() => parseProviderText(text), {
        name: "InvalidProviderDefinitionError",
        message,
      });
    });
  }
});

Deno.test("parseProvider() lists a bounded number of problems and never echoes a hostile name", () => {
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, i]));
  const error = errorOf({ ...KEY, ...unknown, name: "a\x1b[2Jb" });
  assert.ok(error.issues!.length <= 20);
  assert.equal(error.message.includes("\x1b"), false);
});
