/**
 * The dashboard in a real browser: every page and action, light and dark, as wide as a phone, with a
 * keyboard, and without a serious finding of axe.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import type { Session } from "../../../core/api.ts";
import { fingerprintOf, type IdentityClaim } from "../../../core/identity_claim.ts";
import { HAS_BROWSER, shoot, type ShootOptions, withBrowser } from "../../support/browser.ts";
import { askToBeLetIn, CANARY } from "../support/test_daemon.ts";
import {
  type DashboardStage,
  type StageOptions,
  withDashboard,
} from "../support/dashboard_stage.ts";

/** A test that is skipped where there is no Chromium. */
function browserTest(
  name: string,
  work: (page: Page, stage: DashboardStage) => Promise<void>,
  options: StageOptions = {},
): void {
  Deno.test({
    name: `dashboard in a browser: ${name}`,
    ignore: !HAS_BROWSER,
    fn: () =>
      withDashboard((stage) =>
        withBrowser(async (browser) => {
          const page = browser.pages()[0] ?? await browser.newPage();
          const complaints: string[] = [];
          page.on("console", (message) => {
            // A page that was refused is a page; a policy that was broken is a mistake.
            if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text());
          });
          await page.goto(await stage.link());
          await page.waitForURL(`${stage.baseUrl}/ui/`);
          await work(page, stage);
          deepEqual(complaints, []);
        }), options),
  });
}

const LOOKS = [["light", 1100], ["dark", 1100], ["light", 390], ["dark", 390]] as const;

/** Every page with something on it, and how it is pictured. */
const PAGES: readonly (readonly [name: string, path: string, shot?: ShootOptions])[] = [
  ["overview", "/ui/", {}],
  ["connections", "/ui/connections?q=git", { looks: ["light", "phone"], height: 760 }],
  ["every provider", "/ui/connections"],
  ["provider", "/ui/apps/github", { looks: ["light", "dark"], height: 900 }],
  ["disconnect", "/ui/apps/github/work/disconnect"],
  ["register", "/ui/register"],
  ["audit", "/ui/audit", { looks: ["light"], height: 760 }],
  ["settings", "/ui/settings", { looks: ["dark"], height: 760 }],
];

browserTest("axe finds nothing, light, dark and as wide as a phone", async (page, stage) => {
  for (const [name, path, shot] of PAGES) {
    await page.goto(stage.baseUrl + path);
    await inEveryLook(
      page,
      async (look) => deepEqual(await findings(page), [], `${name}, ${look}`),
    );
    if (shot !== undefined) await shoot(page, `dashboard-${name}`, shot);
  }
});

browserTest("a home that was just made says how to begin", async (page) => {
  await shows(page, "main", /Connect your first provider/);
  deepEqual(await findings(page), []);
  await page.fill("#first-search", "github");
  await page.keyboard.press("Enter");
  await page.click("text=GitHub");
  await shows(page, "h1", /^GitHub$/);
}, { filled: false });

browserTest("connects with a key and comes back to the provider", async (page, stage) => {
  await page.goto(`${stage.baseUrl}/ui/apps/acme`);
  await page.fill("#connection", "work");
  await page.click("button:text-is('Connect')");
  await page.waitForURL(/\/auth\/sessions\/sess_[0-9a-f]{32}\/input$/);
  await page.fill("input[name=api_key]", CANARY);
  await page.click("button:text-is('Log in')");
  await shows(page, "h1", /Logged in to Acme/);

  await page.waitForURL(`${stage.baseUrl}/ui/apps/acme`);
  equal(await page.textContent("article.connection h3"), "work");
  ok(!(await page.content()).includes(CANARY));
});

const asked = Promise.withResolvers<void>();
const answered = Promise.withResolvers<Response>();
const refusal = () => Response.json({ error: "invalid_grant" }, { status: 400 });

browserTest("a login that is under way says so, and goes on by itself", async (page, stage) => {
  const begun = await stage.owner.json<Session>("POST", "/auth/sessions", {
    provider: "hub",
    flow: "pkce",
  });
  const resumed = await stage.owner.json<Session>("POST", `/auth/sessions/${begun.id}/resume`, {
    data: { client_id: "an-app" },
  });
  ok(resumed.next_action.type === "open_url");
  const state = new URL(resumed.next_action.url).searchParams.get("state");
  const callback = fetch(`${stage.baseUrl}/auth/callback/oauth?code=the-code&state=${state}`);
  await asked.promise;
  // However this ends: the stage closes when every request is answered.
  using _end = { [Symbol.dispose]: () => answered.resolve(refusal()) };

  const address = `${stage.baseUrl}/auth/sessions/${begun.id}/input`;
  // It would reload itself while it is looked at.
  await page.route(address, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, "");
    await route.fulfill({ response, body });
  });
  await page.goto(address);
  equal(await page.textContent("h1"), "Logging in to Hub");
  await inEveryLook(page, async (look) => deepEqual(await findings(page), [], look));
  await page.unroute(address);

  await page.goto(address);
  answered.resolve(refusal());
  await (await callback).body?.cancel();
  await page.waitForSelector("h1:has-text('Login to Hub failed')");
}, {
  filled: false,
  fetch: (_url, init) => {
    // The app's client is tried out first, with a code of nobody's.
    if (!String(init?.body).includes("code=the-code")) return Promise.resolve(refusal());
    asked.resolve();
    return answered.promise;
  },
});

browserTest("shows a secret once, and it vanishes", async (page, stage) => {
  await page.goto(`${stage.baseUrl}/ui/apps/github`);
  await page.click("article.connection >> nth=0 >> text=Show secret");
  await shows(page, "h1", /Show the secret of github\/\w+\?/);
  await page.click("button:text-is('Show it')");
  await shows(page, ".secret", /access_token\s*at-/);
  ok(!(await page.textContent(".secret"))!.includes("rt-"), "the refresh token stays");
  // WCAG 2.2.1 leaves out what cannot take longer: a secret must not stay on a screen.
  deepEqual((await findings(page)).filter((found) => !found.includes("meta-refresh")), []);

  const address = page.url();
  await page.click("text=Done");
  await page.waitForURL(`${stage.baseUrl}/ui/apps/github`);
  await page.goto(address);
  await shows(page, "h1", /Show the secret of/);
  ok(!(await page.content()).includes("at-"), "its address only asks again");
});

browserTest("sets a default, disconnects, revokes", async (page, stage) => {
  await page.goto(`${stage.baseUrl}/ui/apps/github`);
  await page.click("a:has-text('Make default')");
  await page.click("button:text-is('Make default')");
  await shows(page, "[role=status]", /github\/private is the default now/);

  await page.click("a:has-text('Disconnect private')");
  await page.click("a:text-is('Cancel')");
  equal(await page.locator("article.connection").count(), 2);
  await page.click("a:has-text('Disconnect private')");
  await page.click("button:text-is('Disconnect')");
  await shows(page, "[role=status]", /Disconnected github\/private/);
  equal(await page.locator("article.connection").count(), 1);

  await page.click("a:text-is('Revoke …')");
  await page.click("button:text-is('Revoke everything')");
  await page.waitForSelector("text=Revoked and forgot 1 connection");
  equal(await page.locator("article.connection").count(), 0);
});

browserTest("ends a run", async (page) => {
  equal(await page.locator("article.run").count(), 2);
  await page.click("a:has-text('End the run claude')");
  await page.click("button:text-is('End it')");
  await shows(page, "[role=status]", /Ended the run claude/);
  equal(await page.locator("article.run").count(), 1);
});

browserTest(
  "lets another machine in, for some logins, and takes that back",
  async (page, stage) => {
    const { code, did } = await askToBeLetIn(stage.daemon, "calm-otter-4711");
    await page.goto(`${stage.baseUrl}/ui/`);
    await shows(page, "#claims >> xpath=..", /calm-otter-4711\s*shows the code/);
    deepEqual(await findings(page), []);
    await page.click("a:has-text('Decide about calm-otter-4711')");
    await page.waitForURL(new RegExp(`/ui/claims/${code}$`));
    equal(await page.textContent(".fingerprint"), await fingerprintOf(did));

    await page.fill("#only", "github/work, Linear!");
    await page.click("button:text-is('Let it in')");
    await shows(page, "[role=alert]", /"Linear!" is neither a provider nor/);
    equal(await page.inputValue("#only"), "github/work, Linear!", "nothing of it is lost");
    await inEveryLook(page, async (look) => deepEqual(await findings(page), [], look));
    await page.fill("#only", "github/work, linear");
    await shoot(page, "dashboard-claim", { looks: ["light"] });
    await page.click("button:text-is('Let it in')");
    const done = /calm-otter-4711 may run programs with github\/work, linear/;
    await shows(page, "[role=status]", done);
    await inEveryLook(page, async (look) => deepEqual(await findings(page), [], look));

    await page.click("a:has-text('Remove calm-otter-4711')");
    await shows(page, "h1", /Take calm-otter-4711's access away\?/);
    await page.click("button:text-is('Take it away')");
    await shows(page, "[role=status]", /Took calm-otter-4711's access away/);
    equal(await page.locator("a:has-text('Remove')").count(), 0);
  },
);

browserTest("keeps another machine out", async (page, stage) => {
  const { code, machine } = await askToBeLetIn(stage.daemon, "calm-otter-4711");
  await page.goto(`${stage.baseUrl}/ui/claims/${code}`);
  await page.click("button:text-is('Refuse')");
  await shows(page, "[role=status]", /calm-otter-4711 stays out/);
  equal(await page.locator("#claims").count(), 0);
  const { status } = await machine.json<IdentityClaim>("GET", `/identities/claims/${code}`);
  equal(status, "refused");
  await page.goto(`${stage.baseUrl}/ui/claims/${code}`);
  await shows(page, "main", /no such code waits/);
});

browserTest("registers a definition after saying what is wrong with it", async (page, stage) => {
  await page.goto(`${stage.baseUrl}/ui/register`);
  const wrong = (await page.inputValue("#definition")).replaceAll("acme", "mine")
    .replace('"api.mine.example"', '"api.mine.example",\n    "127.0.0.1"')
    .replace("{api_key}", "{key}");
  await page.fill("#definition", wrong);
  await page.click("button:text-is('Add')");
  await shows(page, "#definition-problem", /Line 6 hosts\.1/);
  equal(await page.inputValue("#definition"), wrong, "nothing of it is lost");
  // The number of a line stands beside it.
  const [marked, field] = await Promise.all(
    [".gutter .wrong >> nth=0", "#definition"].map((part) => page.locator(part).boundingBox()),
  );
  const line = (marked!.y - field!.y) / marked!.height;
  ok(line > 5 && line < 6, `${line}`);
  equal(await page.getAttribute("#definition", "aria-invalid"), "true");
  deepEqual(await findings(page), []);
  await shoot(page, "dashboard-register", { looks: ["light"] });

  await page.goto(`${stage.baseUrl}/ui/register`);
  const example = await page.inputValue("#definition");
  await page.fill("#definition", example.replaceAll("acme", "mine").replace("Acme", "Mine"));
  await page.click("button:text-is('Add')");
  await shows(page, "h1", /^Mine$/);
  await page.click("a:text-is('Remove …')");
  await page.click("button:text-is('Remove it')");
  await shows(page, "[role=status]", /The definition of mine was removed/);
});

browserTest("filters the audit log and verifies it", async (page, stage) => {
  await page.goto(`${stage.baseUrl}/ui/audit`);
  await page.click("button:text-is('Verify')");
  await shows(page, ".verification", /✓ Verified/);
  ok(await page.locator(".mark").count() > 0);
  await page.selectOption("#event", "proxy_deny");
  await page.click("button:text-is('Filter')");
  await page.waitForURL(/event=proxy_deny/);
  const events = await page.locator("tbody tr td:nth-child(3)").allTextContents();
  ok(events.length > 0 && events.every((event) => event.trim().startsWith("proxy deny")));
});

browserTest("the keyboard reaches everything, and leaving ends it", async (page, stage) => {
  await page.keyboard.press("Tab");
  equal(await page.evaluate("document.activeElement.textContent"), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#content$/);
  await page.click("button:text-is('Leave')");
  await shows(page, "main", /You have left/);
  await page.goto(`${stage.baseUrl}/ui/`);
  await shows(page, "main", /authsome ui/);
});

/**
 * Waits until that part of the page says so: a click or a key may return before the page that it leads
 * to is there, and the one before has the part, too.
 */
async function shows(page: Page, part: string, text: RegExp): Promise<void> {
  try {
    await page.locator(part).filter({ hasText: text }).first().waitFor();
  } catch {
    match(await page.textContent(part) ?? "", text);
  }
}

/** Light and dark, and as wide as a phone; `look` is said to the test. */
async function inEveryLook(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  for (const [colorScheme, width] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const name = `${colorScheme}, ${width} pixels wide`;
    await look(name);
    const tooWide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
    equal(tooWide, false, `wider than the screen: ${name}`);
  }
}

/** What axe finds; contrast and names included. The page's policy does not apply to the test. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate("axe.run()") as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return found.violations.map(({ id, impact, nodes }) =>
    `${impact} ${id}: ${nodes.map(({ html }) => html).slice(0, 3).join(" | ")}`
  );
}
