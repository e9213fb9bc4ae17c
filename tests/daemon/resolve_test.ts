/**
 * Resolving: which connection answers for which request, and with what.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { ProxyRoutes, ResolvedCredential } from "../../core/api.ts";
import type { ErrorEnvelope } from "../../core/errors.ts";
import {
  CANARY,
  type Client,
  grantRun,
  logIn,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("resolve by provider gives the injection and the same as a plain header", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  const answer = await resolve(home, { provider: "acme" });

  deepEqual(answer, {
    provider: "acme",
    connection: "default",
    injections: [{ type: "header", name: "Authorization", value: `Bearer ${CANARY}` }],
    headers: { Authorization: `Bearer ${CANARY}` },
    obtained_at: "2026-03-01T12:00:00.000Z",
    expires_at: null,
    refreshable: false,
    source: "local",
  });
});

Deno.test("resolve by host finds the connection whose rule covers host and path", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  await logIn(home.owner, "pair", { account_id: "AC42", auth_token: CANARY });
  await logIn(home.owner, "strict", { api_key: "st_123456" });

  const wildcard = await resolve(home, { host: "eu.api.pair.test", path: "/x", method: "GET" });
  const query = await resolve(home, { host: "api.strict.test" });
  const prefix = await resolve(home, { host: "files.acme.test", path: "/v2/upload?x=1" });

  deepEqual(wildcard.injections, [{ type: "basic", username: "AC42", password: CANARY }]);
  deepEqual(query.injections, [{ type: "query", name: "key", value: "st_123456" }]);
  deepEqual(query.headers, {});
  equal(prefix.provider, "acme");
});

Deno.test("a host that no connection covers gets nothing", async (t) => {
  await using home = await open();
  await logIn(home.owner, "acme");
  await logIn(home.owner, "pair", { account_id: "AC42", auth_token: CANARY });
  for (
    const host of [
      "acme.test",
      "evilapi.acme.test",
      "api.acme.test.evil.test",
      "API.acme.test",
      "api.acme.test.",
      "user@api.acme.test",
      "api.acme.test:443",
      "api.acme.test\0.evil.test",
      "pair.test",
      "evilpair.test",
      "xn--pir-8la.test",
    ]
  ) {
    await t.step(JSON.stringify(host), async () => {
      const response = await home.owner.call("POST", "/credentials/resolve", { host, path: "/" });
      const text = await response.text();

      equal(response.status, 409, text);
      equal(text.includes(CANARY), false);
    });
  }
});

Deno.test("the caller's choice of provider is held against host and path", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  const response = await home.owner.call("POST", "/credentials/resolve", {
    provider: "acme",
    connection: "default",
    host: "api.strict.test",
    path: "/",
  });

  equal(response.status, 403);
  equal((await response.json() as ErrorEnvelope).error, "GrantDeniedError");
});

Deno.test("a token endpoint never gets a credential, also where it lies on the API's own host", async () => {
  await using home = await open({
    providers: [{
      ...PROVIDERS.find((provider) => (provider as { name: string }).name === "hub") as object,
      name: "own",
      flows: ["client_credentials"],
      hosts: ["api.hub.test"],
    }, {
      ...PROVIDERS[0] as object,
      name: "beside",
      hosts: ["api.hub.test/v1"],
      alternatives: ["own"],
    }],
  });
  await logIn(home.owner, "beside");

  const api = await resolve(home, { host: "api.hub.test", path: "/v1/user" });
  const routes = await home.owner.json<ProxyRoutes>("GET", "/proxy/routes?scope=configured");
  const own = routes.routes.find((route) => route.provider === "own")!;

  equal(api.provider, "beside");
  deepEqual(own.auth_endpoint_paths.includes("/token"), true);
});

Deno.test("without a login the error names the command", async () => {
  await using home = await open();

  const response = await home.owner.call("POST", "/credentials/resolve", { provider: "acme" });

  equal(response.status, 409);
  deepEqual(await response.json(), {
    error: "CredentialMissingError",
    message: "Cannot use acme: nobody is logged in",
    provider: "acme",
    connection: "default",
    hint: "Run: authsome login acme",
  });
});

Deno.test("a credential that its definition outgrew is nobody's, and the hint names its own login", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: CANARY }, "work");
  const definition = PROVIDERS[0] as Record<string, unknown>;
  await home.owner.json("POST", "/providers", {
    definition: {
      ...definition,
      injection: { type: "header", name: "Authorization", value: "Token {token}" },
      fields: [{ name: "token", label: "Token", secret: true }],
      env: {},
    },
    force: true,
  });

  const response = await home.owner.call("POST", "/credentials/resolve", {
    provider: "acme",
    connection: "work",
  });

  equal(response.status, 409);
  deepEqual(await response.json(), {
    error: "CredentialMissingError",
    message: "Cannot use acme/work: its credential does not fit the provider's definition",
    provider: "acme",
    connection: "work",
    hint: "Run: authsome login acme --connection work --force",
  });
});

Deno.test("a change of the default is followed at once", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: "sk-first-12345" }, "first");
  await logIn(home.owner, "acme", { api_key: "sk-second-12345" }, "second");
  equal((await resolve(home, { provider: "acme" })).connection, "first");

  await home.owner.json("POST", "/connections/acme/second/default", {});

  equal((await resolve(home, { provider: "acme" })).connection, "second");
  equal((await resolve(home, { host: "api.acme.test" })).connection, "second");
});

Deno.test("when the default is logged out another takes its place, and after the last nothing is left", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: "sk-first-12345" }, "first");
  await logIn(home.owner, "acme", { api_key: "sk-second-12345" }, "second");

  const left = await home.owner.json("POST", "/connections/acme/first/logout", {});
  equal((await resolve(home, { provider: "acme" })).connection, "second");
  await home.owner.json("POST", "/connections/acme/second/logout", {});
  const gone = await home.owner.call("POST", "/credentials/resolve", { host: "api.acme.test" });

  deepEqual(left, { status: "ok", provider: "acme", default_connection: "second" });
  equal(gone.status, 409);
});

Deno.test("logging out twice is fine, and the key is gone from the vault", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  await home.owner.json("POST", "/connections/acme/default/logout", {});
  const again = await home.owner.json("POST", "/connections/acme/default/logout", {});

  deepEqual(again, { status: "ok", provider: "acme", default_connection: null });
  const records = await home.daemon.vault.list("vault:");
  equal(records.some(({ value }) => value.includes(CANARY)), false);
});

Deno.test("two providers on one host: the one made default last answers", async () => {
  const clone = { ...PROVIDERS[0] as object, name: "acme-two", alternatives: ["acme"] };
  await using home = await open({ providers: [PROVIDERS[0], clone] });
  await logIn(home.owner, "acme-two", { api_key: "sk-two-123456" });
  home.daemon.clock.now = new Date(home.daemon.clock.now.getTime() + 1000);
  await logIn(home.owner, "acme", { api_key: "sk-one-123456" });
  equal((await resolve(home, { host: "api.acme.test" })).provider, "acme");

  home.daemon.clock.now = new Date(home.daemon.clock.now.getTime() + 1000);
  await home.owner.json("POST", "/connections/acme-two/default/default", {});

  equal((await resolve(home, { host: "api.acme.test" })).provider, "acme-two");
});

Deno.test("a base URL pins the credential to the instance that was logged in to", async () => {
  const shop = {
    name: "shop",
    display_name: "Shop",
    auth_type: "api_key",
    base_url: { template: "https://{shop}.myshop.test" },
    hosts: ["{shop}.myshop.test"],
    injection: { type: "header", name: "X-Token", value: "{api_key}" },
    fields: [{ name: "api_key", label: "Token", secret: true }],
    env: { SHOP_URL: "base_url", SHOP_TOKEN: "api_key" },
  };
  await using home = await open({ providers: [shop] });
  const session = await home.owner.json<{ id: string }>("POST", "/auth/sessions", {
    provider: "shop",
    base_url: "acme.myshop.test",
  });
  await home.owner.json("POST", `/auth/sessions/${session.id}/resume`, {
    data: { api_key: CANARY },
  });

  const own = await resolve(home, { host: "acme.myshop.test" });
  const other = await home.owner.call("POST", "/credentials/resolve", {
    provider: "shop",
    host: "evil.myshop.test",
    path: "/",
  });
  const { environment, known_hosts } = await home.owner.json<ProxyRoutes>("GET", "/proxy/routes");

  equal(own.headers["X-Token"], CANARY);
  equal(other.status, 403);
  deepEqual(environment.map(({ name, value }) => [name, value]), [
    ["SHOP_URL", "https://acme.myshop.test"],
    ["SHOP_TOKEN", null],
  ]);
  deepEqual(known_hosts, ["*.myshop.test", "acme.myshop.test"]);
});

Deno.test("a tool on this machine keeps its port and its scheme, for the proxy and for the program", async () => {
  await using home = await open();
  const definition = {
    schema_version: 1,
    name: "tool",
    display_name: "Tool",
    auth_type: "api_key",
    flow: "api_key",
    hosts: ["http://localhost:8080/v1"],
    injection: { type: "header", name: "X-Token", value: "{api_key}" },
    fields: [{ name: "api_key", label: "Token", secret: true }],
    env: { TOOL_URL: "api_url" },
  };
  await home.owner.json("POST", "/providers", { definition, allow_private: true });
  await logIn(home.owner, "tool");

  const { routes, environment } = await home.owner.json<ProxyRoutes>("GET", "/proxy/routes");

  deepEqual(routes.map(({ host, port, path }) => [host, port, path]), [["localhost", 8080, "/v1"]]);
  deepEqual(environment.map(({ value }) => value), ["http://localhost:8080/v1"]);
});

/** Base URLs of a tool, and whether its key may go over plain http. */
const BASE_URLS: Record<string, boolean> = {
  "https://tool.internal": false,
  "tool.internal": false,
  "https://localhost:8443": false,
  "http://localhost:8080": true,
};
for (const [base_url, isPlain] of Object.entries(BASE_URLS)) {
  Deno.test(`a tool at ${base_url} gets its key over ${isPlain ? "plain http" : "https alone"}`, async () => {
    await using home = await open();
    const definition = {
      schema_version: 1,
      name: "tool",
      display_name: "Tool",
      auth_type: "api_key",
      flow: "api_key",
      base_url: { template: "{base_url}", label: "Tool" },
      hosts: ["{base_url}"],
      injection: { type: "header", name: "X-Token", value: "{api_key}" },
      fields: [{ name: "api_key", label: "Token", secret: true }],
    };
    await home.owner.json("POST", "/providers", { definition, allow_private: true });
    const { id } = await home.owner.json<{ id: string }>("POST", "/auth/sessions", {
      provider: "tool",
      base_url,
    });
    const data = { api_key: CANARY };
    await home.owner.json("POST", `/auth/sessions/${id}/resume`, { data });

    const { routes } = await home.owner.json<ProxyRoutes>("GET", "/proxy/routes");

    deepEqual(routes.map(({ allow_plain }) => allow_plain), [isPlain]);
  });
}

Deno.test("two ports of one host are two places: each has its injection, and a third has none", async () => {
  const tools = {
    schema_version: 1,
    name: "tools",
    display_name: "Tools",
    auth_type: "api_key",
    flow: "api_key",
    hosts: [
      { url: "tools.test:8443", injection: { type: "header", name: "X-A", value: "{api_key}" } },
      { url: "tools.test:9443", injection: { type: "header", name: "X-B", value: "{api_key}" } },
    ],
    injection: { type: "header", name: "X-C", value: "{api_key}" },
    fields: [{ name: "api_key", label: "Token", secret: true }],
  };
  await using home = await open({ providers: [tools] });
  await logIn(home.owner, "tools", { api_key: CANARY });
  const request = { host: "tools.test", path: "/", method: "GET" };

  for (const [port, name] of [[8443, "X-A"], [9443, "X-B"]]) {
    for (const provider of [{}, { provider: "tools" }]) {
      const { headers } = await resolve(home, { ...request, ...provider, port });
      deepEqual(headers, { [name!]: CANARY });
    }
  }
  const elsewhere = await home.owner.call("POST", "/credentials/resolve", {
    ...request,
    port: 443,
  });
  const named = { ...request, provider: "tools", port: 443 };
  const denied = await home.owner.call("POST", "/credentials/resolve", named);

  equal((await elsewhere.json() as ErrorEnvelope).error, "CredentialMissingError");
  equal((await denied.json() as ErrorEnvelope).error, "GrantDeniedError");
  for (const port of [0, 65_536, 1.5, "443"]) {
    equal(
      (await home.owner.call("POST", "/credentials/resolve", { ...request, port })).status,
      422,
    );
  }
});

Deno.test("a run's connection chosen by hand is used instead of the default", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: "sk-first-12345" }, "first");
  await logIn(home.owner, "acme", { api_key: "sk-second-12345" }, "second");
  const { run } = await grantRun(home.daemon, home.owner, { connections: { acme: "second" } });

  const answer = await run.json<ResolvedCredential>("POST", "/credentials/resolve", {
    host: "api.acme.test",
    path: "/",
    method: "GET",
  });
  const { routes } = await run.json<ProxyRoutes>("GET", "/proxy/routes");

  equal(answer.connection, "second");
  equal(routes[0]!.connection, "second");
});

Deno.test("a connection is shown masked, and in clear only when asked, which is written down", async () => {
  await using home = await open();
  await logIn(home.owner, "pair", { account_id: "AC42", auth_token: CANARY });

  const masked = await (await home.owner.call("GET", "/connections/pair/default")).text();
  equal(home.daemon.audit.some(({ event }) => event === "get"), false);
  const clear = await (await home.owner.call("GET", "/connections/pair/default?show_secrets=true"))
    .text();

  equal(masked.includes(CANARY), false);
  match(masked, /\*\*\*REDACTED\*\*\*/);
  equal(clear.includes(CANARY), true);
  equal(home.daemon.audit.at(-1)?.event, "get");
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

async function open(options: Parameters<typeof openTestDaemon>[0] = {}): Promise<Home> {
  const daemon = await openTestDaemon(options);
  const owner = await registerOwner(daemon);
  return { daemon, owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

async function resolve({ owner }: Home, request: unknown): Promise<ResolvedCredential> {
  return await owner.json<ResolvedCredential>("POST", "/credentials/resolve", request);
}
