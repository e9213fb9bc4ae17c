/**
 * Nobody sees the dashboard without a link that an owner asked for, and a link works once.
 *
 * @module
 */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { dashboardLink, enterDashboard } from "../daemon/support/dashboard_visitor.ts";
import {
  type Client,
  grantRun,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

async function withDaemon(
  work: (daemon: TestDaemon, owner: Client) => Promise<void>,
): Promise<void> {
  const daemon = await openTestDaemon();
  try {
    await work(daemon, await registerOwner(daemon));
  } finally {
    await daemon.stop();
  }
}

async function pathOfLink(owner: Client): Promise<string> {
  const { pathname, search } = new URL(await dashboardLink(owner));
  return pathname + search;
}

function later(daemon: TestDaemon, seconds: number): void {
  daemon.clock.now = new Date(daemon.clock.now.getTime() + seconds * 1000);
}

const PAGES = ["/ui", "/ui/", "/ui/connections", "/ui/apps/acme", "/ui/audit", "/ui/settings"];

Deno.test("a stranger sees no page of the dashboard, and not which ones there are", () =>
  withDaemon(async (daemon) => {
    const bodies = await Promise.all([...PAGES, "/ui/none"].map(async (path) => {
      const response = await daemon.request(path);
      equal(response.status, 401, path);
      return await response.text();
    }));
    equal(new Set(bodies).size, 1);
    match(bodies[0]!, /authsome ui/);
  }));

Deno.test("only an owner gets a link: not a stranger, not a run", () =>
  withDaemon(async (daemon, owner) => {
    const { run } = await grantRun(daemon, owner);
    equal((await run.call("POST", "/ui/session", {})).status, 403);
    const bare = await daemon.request("/ui/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    equal(bare.status, 401);
    await bare.body?.cancel();
  }));

Deno.test("a link works once", () =>
  withDaemon(async (daemon, owner) => {
    const path = await pathOfLink(owner);
    const first = await daemon.request(path);
    equal(first.status, 200);
    ok(first.headers.has("set-cookie"));
    const second = await daemon.request(path);
    equal(second.status, 401);
    equal(second.headers.get("set-cookie"), null);
    await Promise.all([first.text(), second.text()]);
  }));

Deno.test("a link that two browsers follow at the same time lets one of them in", () =>
  withDaemon(async (daemon, owner) => {
    const path = await pathOfLink(owner);
    const answers = await Promise.all(Array.from({ length: 8 }, () => daemon.request(path)));
    await Promise.all(answers.map((answer) => answer.text()));
    equal(answers.filter(({ status }) => status === 200).length, 1);
  }));

Deno.test("a link is of no use after a minute", () =>
  withDaemon(async (daemon, owner) => {
    const path = await pathOfLink(owner);
    later(daemon, 60);
    const response = await daemon.request(path);
    equal(response.status, 401);
    match(await response.text(), /older than a minute/);
  }));

Deno.test("whoever only looks ahead does not use a link up", () =>
  withDaemon(async (daemon, owner) => {
    const path = await pathOfLink(owner);
    for (
      const init of [{ method: "HEAD" }, { headers: { "sec-purpose": "prefetch" } }]
    ) {
      const response = await daemon.request(path, init);
      equal(response.headers.get("set-cookie"), null);
      await response.body?.cancel();
    }
    const response = await daemon.request(path);
    equal(response.status, 200);
    await response.text();
  }));

Deno.test("no token, a wrong one, a long one: no session", () =>
  withDaemon(async (daemon) => {
    for (const token of ["", "0".repeat(64), "x".repeat(5000), "%00"]) {
      const response = await daemon.request(`/ui/enter?token=${token}`);
      equal(response.status, 401);
      equal(response.headers.get("set-cookie"), null);
      await response.text();
    }
  }));

Deno.test("the cookie is the browser's alone: no script, no other site, no other path", () =>
  withDaemon(async (daemon, owner) => {
    const response = await daemon.request(await pathOfLink(owner));
    await response.text();
    const cookie = response.headers.get("set-cookie") ?? "";
    match(cookie, /^authsome_ui_7998=[0-9a-f]{64};/);
    match(cookie, /; HttpOnly/);
    match(cookie, /; SameSite=Strict/);
    match(cookie, /; Path=\/ui(;|$)/);
    ok(!/Domain=/i.test(cookie));
  }));

Deno.test("a cookie of another home's daemon opens nothing here", () =>
  withDaemon((one, owner) =>
    withDaemon(async (other) => {
      const { cookie } = await enterDashboard(one, owner);
      const response = await other.request("/ui/", { headers: { cookie } });
      equal(response.status, 401);
      await response.text();
    })
  ));

Deno.test("a link of another home's daemon opens nothing here", () =>
  withDaemon((_, owner) =>
    withDaemon(async (other) => {
      const response = await other.request(await pathOfLink(owner));
      equal(response.status, 401);
      await response.text();
    })
  ));

Deno.test("a session ends after an hour without use", () =>
  withDaemon(async (daemon, owner) => {
    const { look } = await enterDashboard(daemon, owner);
    later(daemon, 59 * 60);
    equal((await look("/ui/")).status, 200);
    later(daemon, 60 * 60);
    equal((await look("/ui/")).status, 401);
  }));

Deno.test("a session ends after eight hours, used or not", () =>
  withDaemon(async (daemon, owner) => {
    const { look } = await enterDashboard(daemon, owner);
    for (let halfHours = 1; halfHours < 16; halfHours++) {
      later(daemon, 30 * 60);
      equal((await look("/ui/")).status, 200);
    }
    later(daemon, 30 * 60);
    equal((await look("/ui/")).status, 401);
  }));

Deno.test("leaving ends the session, and takes the cookie back", () =>
  withDaemon(async (daemon, owner) => {
    const { look, post } = await enterDashboard(daemon, owner);
    const left = await post("/ui/leave");
    equal(left.status, 200);
    match(left.headers.get("set-cookie") ?? "", /^authsome_ui_7998=;.*Max-Age=0/);
    equal((await look("/ui/")).status, 401);
  }));

Deno.test("each browser has a session of its own, and its own form token", () =>
  withDaemon(async (daemon, owner) => {
    const [one, two] = [await enterDashboard(daemon, owner), await enterDashboard(daemon, owner)];
    notEqual(one.cookie, two.cookie);
    equal((await one.look("/ui/")).status, 200);
    equal((await two.look("/ui/")).status, 200);
  }));

Deno.test("the cookie is no key to the API", () =>
  withDaemon(async (daemon, owner) => {
    const { cookie } = await enterDashboard(daemon, owner);
    for (const path of ["/connections", "/api/connections", "/whoami", "/api/ui/", "/ready"]) {
      const response = await daemon.request(path, { headers: { cookie } });
      ok(response.status === 401 || response.status === 404, `${path}: ${response.status}`);
      await response.text();
    }
  }));
