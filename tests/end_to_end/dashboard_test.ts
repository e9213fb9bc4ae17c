/**
 * The dashboard of the real, confined daemon: in by `authsome ui`, through a login at a provider of
 * another site, and back with the session.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest, consent } from "../support/login_in_browser.ts";
import type { LoginStage } from "../support/login_stage.ts";

async function openDashboard(page: Page, stage: LoginStage): Promise<string> {
  const { code, stdout, stderr } = await stage.run(["ui", "--no-browser", "--json"]);
  equal(code, 0, stderr);
  const { url, opened } = JSON.parse(stdout) as { url: string; opened: boolean };
  equal(opened, false);
  await page.goto(url);
  const base = new URL(url).origin;
  await page.waitForURL(`${base}/ui/`);
  return base;
}

browserTest(
  "dashboard: Connect goes to the provider's site, and comes back to the provider's page",
  async (page, stage) => {
    await stage.register("acme", { display_name: "Acme" });
    const base = await openDashboard(page, stage);
    await page.goto(`${base}/ui/apps/acme`);
    await page.click("button:text-is('Connect')");
    await consent(page);

    await page.waitForSelector("text=Logged in to Acme");
    await page.waitForURL(`${base}/ui/apps/acme`);
    equal(await page.textContent("article.connection h3"), "default");
    const listed = await stage.run(["list", "--json"]);
    match(listed.stdout, /"acme"/);
  },
);

browserTest(
  "dashboard: a person who says no at the provider finds the way back",
  async (page, stage) => {
    await stage.register("acme", { display_name: "Acme" });
    const base = await openDashboard(page, stage);
    await page.goto(`${base}/ui/apps/acme`);
    await page.click("button:text-is('Connect')");
    await page.click("text=Cancel");
    await page.waitForSelector("text=Login to Acme failed");
    await page.click("text=Back to the dashboard");
    await page.waitForURL(`${base}/ui/apps/acme`);
    match(await page.textContent("main") ?? "", /Not connected/);
  },
);

browserTest(
  "dashboard: settings say that the daemon is confined, and the audit log verifies",
  async (page, stage) => {
    const base = await openDashboard(page, stage);
    await page.goto(`${base}/ui/settings`);
    ok(!/leaking|failed/.test(await page.textContent(".checks") ?? ""));
    await page.goto(`${base}/ui/audit`);
    await page.click("button:text-is('Verify')");
    await page.waitForSelector("text=✓ Verified");
  },
);
