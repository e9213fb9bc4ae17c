/**
 * Tests of a login stage in a real browser, skipped where there is none.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { HAS_BROWSER, withBrowser } from "./browser.ts";
import { type LoginStage, withLoginStage } from "./login_stage.ts";

/** A test with a page of its own. */
export function browserTest(
  name: string,
  work: (page: Page, stage: LoginStage) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !HAS_BROWSER,
    fn: () =>
      withLoginStage((stage) =>
        withBrowser(async (browser) => {
          await work(browser.pages()[0] ?? await browser.newPage(), stage);
        })
      ),
  });
}

/** Logs in at the provider and consents. */
export async function consent(page: Page): Promise<void> {
  await page.fill("input[name=login]", "alice");
  await page.fill("input[name=password]", "x");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Authorize");
  await page.click("button[type=submit]");
}
