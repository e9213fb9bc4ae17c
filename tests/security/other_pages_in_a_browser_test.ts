/**
 * Invariant: no other page presses the dashboard's buttons, reads it, or shows it.
 *
 * The attacks, in a real browser that has a session with the dashboard: a page of another port of this
 * machine (the same site, so that even a strict cookie is sent), of another name, and of a name that
 * was rebound to the daemon's own port. The page even knows the session's form token, so that what
 * holds it off is what the browser says of it.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { type DashboardStage, withDashboard } from "../daemon/support/dashboard_stage.ts";
import { HAS_BROWSER, withBrowser } from "../support/browser.ts";

const EVIL = "evil.test";

/** Everything that changes something, by its form. */
const TARGETS = [
  "/ui/apps/github/connect",
  "/ui/apps/github/work/disconnect",
  "/ui/apps/github/private/default",
  "/ui/apps/github/work/show",
  "/ui/apps/github/revoke",
  "/ui/audit/verify",
  "/ui/register",
  "/ui/leave",
];

/** What the other page does; it says what it got hold of. */
const ATTACK = `async ({ base, token, targets }) => {
  const got = [];
  const form = new URLSearchParams({ form_token: token, connection: "evil", force: "1" });
  for (const path of targets) {
    for (const mode of ["no-cors", "cors"]) {
      try {
        const answer = await fetch(base + path, { method: "POST", mode, credentials: "include", body: form });
        if (answer.type !== "opaque") got.push(mode + " " + path);
      } catch { /* refused by the browser */ }
    }
    navigator.sendBeacon(base + path, form);
  }
  for (const path of ["/ui/", "/ui/apps/github", "/api/connections", "/health"]) {
    try {
      got.push(await (await fetch(base + path, { credentials: "include" })).text());
    } catch { /* no CORS */ }
  }
  for (const path of ["/ui/", "/proxy/events", "/api/proxy/events"]) {
    const opened = await new Promise((resolve) => {
      const socket = new WebSocket(base.replace("http", "ws") + path);
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    if (opened) got.push("WebSocket " + path);
  }
  for (const [tag, path] of [["script", "/openapi.json"], ["img", "/ui/style.css"], ["script", "/docs/init.js"]]) {
    const loaded = await new Promise((resolve) => {
      const element = document.createElement(tag);
      element.onload = () => resolve(true);
      element.onerror = () => resolve(false);
      element.src = base + path;
      document.body.append(element);
    });
    if (loaded) got.push(tag + " " + path);
  }
  return got;
}`;

Deno.test({
  name: "another port, another name, a name that was rebound: no page gets at the dashboard",
  ignore: !HAS_BROWSER,
  fn: () =>
    withDashboard((stage) =>
      withBrowser(async (browser) => {
        const page = browser.pages()[0] ?? await browser.newPage();
        await page.goto(await stage.link());
        await page.waitForURL(`${stage.baseUrl}/ui/`);
        const token = await page.inputValue("input[name=form_token] >> nth=0");
        const before = await stateOf(stage);
        const evil = servePage();
        try {
          for (const host of ["127.0.0.1", "localhost", EVIL]) {
            await attackFrom(await browser.newPage(), stage, `http://${host}:${evil.port}/`, token);
          }
          await rebind(await browser.newPage(), stage);
        } finally {
          await evil.stop();
        }
        deepEqual(await stateOf(stage), before);
        await page.goto(`${stage.baseUrl}/ui/apps/github`);
        equal(await page.textContent("h1"), "GitHub", "the session goes on");
      }, { names: [EVIL] })
    ),
});

async function attackFrom(
  page: Page,
  { baseUrl }: DashboardStage,
  address: string,
  token: string,
): Promise<void> {
  await page.goto(address);
  const given = JSON.stringify({ base: baseUrl, token, targets: TARGETS });
  deepEqual(await page.evaluate(`(${ATTACK})(${given})`), [], address);

  await page.evaluate(`document.body.innerHTML = '<iframe src="${baseUrl}/ui/"></iframe>' +
    '<iframe src="${baseUrl}/docs"></iframe>'`);
  await page.waitForFunction("document.querySelectorAll('iframe').length === 2");
  await page.waitForLoadState("networkidle");
  for (const frame of page.frames().slice(1)) {
    ok(!(await frame.content()).includes("authsome"), `${address} framed ${frame.url()}`);
  }

  for (const path of TARGETS) {
    await page.goto(address);
    await page.evaluate(`document.body.innerHTML =
      '<form method="post" action="${baseUrl}${path}">' +
      '<input name="form_token" value="${token}"><input name="connection" value="evil"></form>'`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === baseUrl + path),
      page.waitForURL(baseUrl + path),
      page.evaluate("document.forms[0].submit()"),
    ]);
    equal(answer.status(), 403, `a form of ${address} posted to ${path}`);
  }
  await page.close();
}

/** The name of the page is the daemon's address now: the same origin, as far as the browser knows. */
async function rebind(page: Page, { baseUrl }: DashboardStage): Promise<void> {
  const rebound = `http://${EVIL}:${new URL(baseUrl).port}`;
  const shown = await page.goto(`${rebound}/ui/`);
  equal(shown?.status(), 403);
  // What the attacker's own server answered, before the name was rebound.
  await page.route(
    `${rebound}/page`,
    (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><body>" }),
  );
  await page.goto(`${rebound}/page`);
  const read = await page.evaluate(
    `Promise.all(["/ui/", "/api/connections", "/health", "/docs"].map(
    async (path) => { const answer = await fetch(path); return [answer.status, await answer.text()]; },
  ))`,
  ) as [number, string][];
  for (const [status, text] of read) {
    equal(status, 403);
    match(text, /"error":"ForbiddenOriginError"/);
  }
  await page.close();
}

/** What no page may change. */
async function stateOf({ daemon }: DashboardStage): Promise<unknown> {
  const keys = await daemon.vault.keys("");
  const { entries } = await daemon.broker.auditTrail.page({ limit: 500 });
  return { keys: keys.toSorted(), events: entries.map(({ event, status }) => [event, status]) };
}

function servePage(): { readonly port: number; readonly stop: () => Promise<void> } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("<!doctype html><body>", { headers: { "content-type": "text/html" } }),
  );
  return { port: server.addr.port, stop: () => server.shutdown() };
}
