/**
 * No other page can press the dashboard's buttons.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { enterDashboard, type Visitor } from "../daemon/support/dashboard_visitor.ts";
import {
  askToBeLetIn,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

interface Scene {
  readonly daemon: TestDaemon;
  readonly visitor: Visitor;
  readonly other: Visitor;
  /** Every address that takes a form. */
  readonly targets: readonly string[];
}

async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const daemon = await openTestDaemon();
  try {
    const owner = await registerOwner(daemon);
    await logIn(owner, "acme");
    await logIn(owner, "acme", undefined, "second");
    const { grant } = await grantRun(daemon, owner);
    const waiting = await askToBeLetIn(daemon, "calm-otter-4711");
    const letIn = await askToBeLetIn(daemon, "bold-fox-0815");
    await owner.json("POST", `/identities/claims/${letIn.code}/accept`, {});
    const targets = [
      `/ui/claims/${waiting.code}/accept`,
      `/ui/claims/${waiting.code}/refuse`,
      "/ui/profiles/bold-fox-0815/remove",
      "/ui/apps/acme/connect",
      "/ui/apps/acme/default/disconnect",
      "/ui/apps/acme/second/default",
      "/ui/apps/acme/default/show",
      "/ui/apps/acme/revoke",
      "/ui/apps/acme/remove",
      "/ui/register",
      "/ui/audit/verify",
      `/ui/runs/${grant.id}/end`,
      "/ui/leave",
    ];
    const visitor = await enterDashboard(daemon, owner);
    const other = await enterDashboard(daemon, owner);
    await work({ daemon, visitor, other, targets });
  } finally {
    await daemon.stop();
  }
}

/** Posts to every target and sees that each is refused and nothing has changed. */
async function expectRefused(
  { daemon, targets }: Scene,
  post: (path: string) => Promise<{ readonly status: number }>,
  statuses: readonly number[],
): Promise<void> {
  const before = JSON.stringify(daemon.audit);
  const kept = (await daemon.vault.keys("")).length;
  for (const target of targets) {
    const { status } = await post(target);
    ok(statuses.includes(status), `${target}: ${status}`);
  }
  equal(JSON.stringify(daemon.audit), before);
  equal((await daemon.vault.keys("")).length, kept);
}

Deno.test("a form without the session's token is refused, everywhere", () =>
  withScene((scene) =>
    expectRefused(scene, (path) => scene.visitor.post(path, { form_token: "" }), [403])
  ));

Deno.test("a form with a wrong token is refused, everywhere", () =>
  withScene((scene) =>
    expectRefused(scene, (path) => scene.visitor.post(path, { form_token: "0".repeat(64) }), [403])
  ));

Deno.test("a form with another session's token is refused, everywhere", () =>
  withScene(async (scene) => {
    const page = (await scene.other.look("/ui/")).text;
    const form_token = /name="form_token" value="([0-9a-f]+)"/.exec(page)![1]!;
    await expectRefused(scene, (path) => scene.visitor.post(path, { form_token }), [403]);
  }));

Deno.test("a form from another site is refused, even with everything else right", () =>
  withScene(async (scene) => {
    for (const origin of ["https://evil.example", "http://127.0.0.1:9999", "null"]) {
      await expectRefused(scene, (path) => scene.visitor.post(path, {}, { origin }), [403]);
    }
  }));

Deno.test("a fetch from another page is refused by what the browser says of it", () =>
  withScene(async (scene) => {
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": "cors" };
      await expectRefused(scene, (path) => scene.visitor.post(path, {}, headers), [403]);
      const { status } = await scene.visitor.look("/ui/", headers);
      equal(status, 403);
    }
  }));

Deno.test("a form of a type that pages can send everywhere, and that is no form, is refused", () =>
  withScene((scene) =>
    expectRefused(
      scene,
      (path) => scene.visitor.post(path, {}, { "content-type": "text/plain" }),
      [415],
    )
  ));

Deno.test("a form without a cookie does nothing", () =>
  withScene((scene) =>
    expectRefused(scene, (path) => scene.visitor.post(path, {}, { cookie: "" }), [401])
  ));

Deno.test("no link does what a button does: looking changes nothing", () =>
  withScene(async (scene) => {
    await expectRefused(scene, (path) => scene.visitor.look(path), [200, 404]);
  }));

Deno.test("a form of another method, and a huge one, is refused", () =>
  withScene(async ({ daemon, visitor: { cookie, post } }) => {
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const response = await daemon.request("/ui/apps/acme/revoke", {
        method,
        headers: { cookie, origin: "http://127.0.0.1:7998" },
      });
      equal(response.status, 403);
      await response.text();
    }
    equal((await post("/ui/register", { definition: "x".repeat(300_000) })).status, 413);
  }));

Deno.test("with everything right, the buttons work", () =>
  withScene(async ({ daemon, visitor: { post } }) => {
    const shown = await post("/ui/apps/acme/default/show");
    equal(shown.status, 200);
    equal(shown.headers.get("cache-control"), "no-store");
    const done = await post("/ui/apps/acme/second/default");
    equal(done.status, 303);
    equal(done.headers.get("location"), "/ui/apps/acme");
    deepEqual(daemon.audit.slice(-2).map(({ event }) => event), ["get", "set_default"]);
  }));
