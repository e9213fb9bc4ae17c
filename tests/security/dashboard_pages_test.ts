/**
 * What a page of the dashboard may do in a browser, where it can be shown, and where it leads.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import {
  enterDashboard,
  fillLoginForm,
  type Visitor,
} from "../daemon/support/dashboard_visitor.ts";
import { CANARY, logIn, registerOwner, type TestDaemon } from "../daemon/support/test_daemon.ts";
import { withOwner } from "../daemon/support/with_owner.ts";

function withVisitor(
  work: (visitor: Visitor, daemon: TestDaemon) => Promise<void>,
): Promise<void> {
  return withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    await work(await enterDashboard(daemon, owner), daemon);
  });
}

const PAGES = [
  "/ui/",
  "/ui/connections",
  "/ui/apps/acme",
  "/ui/apps/acme/default/show",
  "/ui/apps/acme/revoke",
  "/ui/register",
  "/ui/audit",
  "/ui/settings",
  "/ui/none",
  "/ui/apps/none",
];

Deno.test("no page runs a script, is framed, is stored, or tells others where it was", () =>
  withVisitor(async ({ look }) => {
    for (const path of PAGES) {
      const { headers, text } = await look(path);
      const policy = headers.get("content-security-policy") ?? "";
      match(policy, /default-src 'none'/, path);
      match(policy, /frame-ancestors 'none'/, path);
      match(policy, /base-uri 'none'/, path);
      ok(!/script-src|unsafe/.test(policy), path);
      equal(headers.get("x-frame-options"), "DENY", path);
      equal(headers.get("cache-control"), "no-store", path);
      equal(headers.get("referrer-policy"), "same-origin", path);
      equal(headers.get("x-content-type-options"), "nosniff", path);
      equal(headers.get("access-control-allow-origin"), null, path);
      ok(!/<script|\son\w+=|\sstyle=|javascript:/i.test(text), path);
    }
  }));

Deno.test("no page holds a secret; only the one that was asked for does", () =>
  withVisitor(async ({ look, post }, daemon) => {
    for (const path of PAGES) ok(!(await look(path)).text.includes(CANARY), path);
    const { text } = await post("/ui/apps/acme/default/show");
    ok(text.includes(CANARY));
    match(text, /http-equiv="refresh" content="30;url=\/ui\/apps\/acme"/);
    ok(!JSON.stringify(daemon.audit).includes(CANARY));
    ok(!daemon.log.join("").includes(CANARY));
    for (const path of PAGES) ok(!(await look(path)).text.includes(CANARY), path);
  }));

const ELSEWHERE = [
  "//evil.example",
  "/\\evil.example",
  "https://evil.example/",
  "/ui/../api/connections",
  "javascript:alert(1)",
];

Deno.test("a link leads to the dashboard and nowhere else, whatever is added to it", () =>
  withVisitor(async (_, daemon) => {
    const owner = await registerOwner(daemon, "other-quietly-softly-0002");
    for (const there of ELSEWHERE) {
      const { url } = await owner.json<{ url: string }>("POST", "/ui/session", {
        return_to: there,
        next: there,
      });
      const { pathname, search } = new URL(url);
      const added = ["next", "return_to", "url", "redirect"]
        .map((name) => `&${name}=${encodeURIComponent(there)}`).join("");
      const response = await daemon.request(pathname + search + added);
      const text = await response.text();
      equal(response.headers.get("location"), null);
      match(text, /content="0;url=\/ui\/"/);
      ok(!text.includes("evil"), there);
    }
  }));

Deno.test("a login comes back to its provider's page, whatever the form says", () =>
  withVisitor(async ({ post }, daemon) => {
    for (const there of ELSEWHERE) {
      const begun = await post("/ui/apps/acme/connect", {
        connection: "work",
        force: "1",
        return_to: there,
        next: there,
      });
      equal(begun.status, 303);
      const form = new URL(begun.headers.get("location")!).pathname;
      const text = await fillLoginForm(daemon, form, { api_key: CANARY });
      match(text, /content="2;url=\/ui\/apps\/acme"/);
      ok(!text.includes("evil"), there);
    }
  }));

Deno.test("paths that say two things lead nowhere", () =>
  withVisitor(async ({ cookie }, daemon) => {
    const paths = [
      "/ui//connections",
      "/ui/%2e%2e/connections",
      "/ui/..%2fconnections",
      "/ui/%2E%2E/api/connections",
      "/ui/apps/acme%2frevoke",
      "/ui/apps/acme%5crevoke",
      "/ui/apps/%00",
      "//ui/connections",
    ];
    for (const path of paths) {
      const response = await daemon.request(path, { headers: { cookie } });
      ok([401, 404].includes(response.status), `${path}: ${response.status}`);
      await response.text();
    }
  }));

Deno.test("queries that are nonsense give a page, not an error", () =>
  withVisitor(async ({ look }) => {
    const queries = [
      "/ui/connections?page=-1&show=__proto__&category=%22%3E",
      "/ui/connections?page=1e99&q=" + "x".repeat(5000),
      "/ui/connections?page=NaN",
      "/ui/audit?cursor=-1&from=x&to=9999-99-99&status=x&event=x",
      "/ui/audit?cursor=99999999999999999999",
      "/ui/audit?from=0000-00-00&to=2026-02-31",
    ];
    for (const query of queries) equal((await look(query)).status, 200, query);
  }));

Deno.test("another host's name, which DNS may have rebound to here, gets nothing", () =>
  withVisitor(async ({ cookie }, daemon) => {
    const request = new Request("http://evil.example:7998/ui/", { headers: { cookie } });
    const response = await daemon.fetch(request);
    equal(response.status, 403);
    await response.text();
  }));

Deno.test("a WebSocket from another site is refused, and there is none for our own", () =>
  withVisitor(async ({ look }) => {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const foreign = await look("/ui/", { ...headers, origin: "https://evil.example" });
    equal(foreign.status, 403);
    equal((await look("/ui/", headers)).status, 200);
  }));
