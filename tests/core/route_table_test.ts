import assert from "node:assert/strict";
import type { ProxyRoute } from "../../core/api.ts";
import { compileRoutes, isRoutedHost, matchRoute } from "../../core/route_table.ts";

function route(provider: string, host: string, more: Partial<ProxyRoute> = {}): ProxyRoute {
  return {
    provider,
    connection: "default",
    host,
    port: null,
    path: "",
    api_url: host,
    rule: 0,
    default_since: "2026-01-01T00:00:00.000Z",
    auth_endpoints: [],
    auth_endpoint_paths: [],
    allow_private: false,
    allow_plain: false,
    ...more,
  };
}

function winner(routes: readonly ProxyRoute[], host: string, path = "/"): string | null {
  return matchRoute(compileRoutes(routes), host, path)?.route.provider ?? null;
}

Deno.test("matchRoute() finds an exact host and nothing that merely looks like it", () => {
  const routes = [route("github", "api.github.com")];
  assert.equal(winner(routes, "api.github.com"), "github");
  for (
    const other of [
      "github.com",
      "xapi.github.com",
      "x.api.github.com",
      "api.github.com.evil.test",
      "api.github.com.",
      "API.github.com",
      "api.github.com\0",
      "api.github.com:443",
      "user@api.github.com",
      "",
    ]
  ) {
    assert.equal(winner(routes, other), null, other);
  }
});

Deno.test("matchRoute() keeps a credential at the port that is named, and asks for none where none is", () => {
  const table = compileRoutes([
    route("named", "tool.internal", { port: 8080 }),
    route("other", "tool.internal", { port: 9090 }),
    route("any", "api.acme.test"),
  ]);
  const at = (host: string, port?: number) =>
    matchRoute(table, host, "/", port)?.route.provider ?? null;
  assert.equal(at("tool.internal", 8080), "named");
  assert.equal(at("tool.internal", 9090), "other");
  assert.equal(at("tool.internal", 443), null);
  assert.equal(at("api.acme.test", 8443), "any");
  assert.notEqual(at("tool.internal"), null);
});

Deno.test("matchRoute() takes any depth of a wildcard but neither its bare domain nor a look-alike", () => {
  const routes = [route("github", "*.githubusercontent.com")];
  assert.equal(winner(routes, "raw.githubusercontent.com"), "github");
  assert.equal(winner(routes, "a.b.githubusercontent.com"), "github");
  assert.equal(winner(routes, "githubusercontent.com"), null);
  assert.equal(winner(routes, "evilgithubusercontent.com"), null);
  assert.equal(winner(routes, "raw.githubusercontent.com.evil.test"), null);
  assert.equal(winner(routes, "RAW.githubusercontent.com"), null);
});

Deno.test("matchRoute() finds regular expressions by their literal end", () => {
  const routes = [route("google", "regex:[a-z]+\\.googleapis\\.com")];
  assert.equal(winner(routes, "gmail.googleapis.com"), "google");
  assert.equal(winner(routes, "a.gmail.googleapis.com"), null);
  assert.equal(winner(routes, "gmail.googleapis.com.evil.test"), null);
});

Deno.test("matchRoute() lets the longest path prefix win, before the kind of host", () => {
  const routes = [
    route("maps", "www.googleapis.com"),
    route("calendar", "*.googleapis.com", { path: "/calendar" }),
    route("events", "regex:www\\.googleapis\\.com", { path: "/calendar/v3/events/" }),
  ];
  assert.equal(winner(routes, "www.googleapis.com", "/maps"), "maps");
  assert.equal(winner(routes, "www.googleapis.com", "/calendar"), "calendar");
  assert.equal(winner(routes, "www.googleapis.com", "/calendar/v3?x=/events"), "calendar");
  assert.equal(winner(routes, "www.googleapis.com", "/calendarx"), "maps");
  assert.equal(winner(routes, "www.googleapis.com", "/calendar/v3/events"), "events");
});

Deno.test("matchRoute() prefers exact to wildcard to regex, and the longer wildcard", () => {
  const routes = [
    route("regex", "regex:[a-z.]+\\.s3\\.example\\.com"),
    route("short", "*.example.com"),
    route("long", "*.s3.example.com"),
    route("exact", "a.s3.example.com"),
  ];
  assert.equal(winner(routes, "a.s3.example.com"), "exact");
  assert.equal(winner(routes, "b.s3.example.com"), "long");
  assert.equal(winner(routes, "b.example.com"), "short");
  assert.equal(winner([routes[0]!, routes[1]!], "b.s3.example.com"), "short");
  assert.equal(winner([routes[0]!], "b.s3.example.com"), "regex");
});

Deno.test("matchRoute() gives a tie to the connection made default last and names the others", () => {
  const routes = [
    route("github", "api.github.com", { default_since: "2026-01-02T00:00:00.000Z" }),
    route("github-pat", "api.github.com", { default_since: "2026-01-03T00:00:00.000Z" }),
    route("old", "api.github.com", { default_since: null }),
  ];

  const match = matchRoute(compileRoutes(routes), "api.github.com", "/user");

  assert.equal(match?.route.provider, "github-pat");
  assert.deepEqual(match?.tied.map((other) => other.provider), ["github", "old"]);
});

Deno.test("matchRoute() decides between equally old defaults by name, in either order", () => {
  const routes = [route("b", "api.x.test"), route("a", "api.x.test")];
  assert.equal(winner(routes, "api.x.test"), "a");
  assert.equal(winner(routes.toReversed(), "api.x.test"), "a");
});

Deno.test("matchRoute() reports no tie between two rules of one connection", () => {
  const routes = [route("a", "api.x.test"), route("a", "api.x.test", { rule: 1 })];
  const match = matchRoute(compileRoutes(routes.toReversed()), "api.x.test", "/");
  assert.equal(match?.route.rule, 0);
  assert.deepEqual(match?.tied, []);
});

Deno.test("matchRoute() never matches an auth endpoint, of whichever provider it is", () => {
  const routes = [
    route("paypal", "api.paypal.com", {
      auth_endpoints: [{ host: "api.paypal.com", path: "/v1/oauth2/token" }],
    }),
    route("other", "*.paypal.com"),
  ];
  for (
    const path of [
      "/v1/oauth2/token",
      "/v1/oauth2/token/",
      "/v1/oauth2/token?grant_type=x",
      "/V1/OAuth2/Token",
      "//v1/oauth2/token",
      "/v1/x/../oauth2/token",
      "/v1/oauth2%2Ftoken",
      "/v1/%2e/oauth2/token",
    ]
  ) {
    assert.equal(winner(routes, "api.paypal.com", path), null, path);
  }
  assert.equal(winner(routes, "api.paypal.com", "/v1/oauth2/tokens"), "paypal");
  // The same path on another host is an ordinary path.
  assert.equal(winner(routes, "www.paypal.com", "/v1/oauth2/token"), "other");
});

Deno.test("matchRoute() keeps a credential for a prefix away from paths that climb out of it", () => {
  const routes = [route("drive", "www.googleapis.com", { path: "/drive" })];
  for (
    const path of [
      "/drive/../gmail",
      "/drive/%2e%2e/gmail",
      "/drive/..%2fgmail",
      "/drive/a%2f..%2f..%2fgmail",
      "/drive/..\\gmail",
      "/drive%2f..%2fgmail",
      "/drive%2ffiles",
      "/driveway",
      "/Drive",
    ]
  ) {
    assert.equal(winner(routes, "www.googleapis.com", path), null, path);
  }
  assert.equal(winner(routes, "www.googleapis.com", "/drive/./files/a%2fb"), "drive");
});

Deno.test("compileRoutes() sets aside a route whose host is no pattern", () => {
  const table = compileRoutes([route("bad", "regex:(a+)+"), route("good", "api.x.test")]);
  assert.deepEqual(table.unusable.map((unusable) => unusable.provider), ["bad"]);
  assert.equal(matchRoute(table, "api.x.test", "/")?.route.provider, "good");
});

Deno.test("isRoutedHost() says whether any path of a host is routed", () => {
  const table = compileRoutes([
    route("a", "api.x.test", { path: "/v1" }),
    route("b", "*.y.test.example"),
  ]);
  assert.equal(isRoutedHost(table, "api.x.test"), true);
  assert.equal(isRoutedHost(table, "w.y.test.example"), true);
  assert.equal(isRoutedHost(table, "x.test"), false);
  assert.equal(isRoutedHost(table, "y.test.example"), false);
});

Deno.test("matchRoute() compiles nothing per request: hundreds of routes share two lookups", () => {
  const routes = Array.from({ length: 500 }, (_, i) => route(`p${i}`, `api.host${i}.test`));
  const table = compileRoutes([...routes, route("w", "*.wild.example.test")]);
  assert.equal(table.exact.size, 500);
  assert.equal(table.bySuffix.size, 1);
  assert.equal(matchRoute(table, "api.host499.test", "/")?.route.provider, "p499");
});
