/**
 * Swagger UI in a real browser, from a real confined daemon, with nothing from elsewhere.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { OPERATIONS } from "../../daemon/openapi/operations.ts";
import { HAS_BROWSER, shoot, withBrowser } from "../support/browser.ts";
import { TemporaryHome } from "../support/temporary_home.ts";

Deno.test({
  name: "/docs shows every operation, under its own policy, and asks nobody else",
  ignore: !HAS_BROWSER,
  fn: async () => {
    const home = await TemporaryHome.create();
    try {
      equal((await home.authsome(["daemon", "start"])).code, 0);
      const state: DaemonState = JSON.parse(
        await Deno.readTextFile(homePaths(home.path).server.state),
      );
      const origin = `http://127.0.0.1:${state.port}`;

      await withBrowser(async (browser) => {
        const page = await browser.newPage();
        const problems: string[] = [];
        const asked = new Set<string>();
        // A breach of the policy is told there, too.
        page.on("console", (message) => {
          if (message.type() === "error") problems.push(message.text());
        });
        page.on("pageerror", (error) => problems.push(String(error)));
        page.on("request", (request) => void asked.add(request.url()));

        await page.goto(`${origin}/docs`);
        await page.locator(".opblock").first().waitFor();
        equal(await page.locator(".opblock").count(), OPERATIONS.length);
        await page.locator("#operations-Credentials-resolveCredential .opblock-summary").click();
        await page.getByText("What is to be put on one request").waitFor();
        await page.locator(".opblock-body .responses-table").first().waitFor();
        equal(await page.getByText("Try it out").count(), 0);
        await shoot(page, "api-docs", { looks: ["light"], height: 900 });

        deepEqual(problems, []);
        const elsewhere = [...asked].filter((url) => !/^(data|blob):/.test(url))
          .filter((url) => new URL(url).origin !== origin);
        deepEqual(elsewhere, []);
        ok(asked.has(`${origin}/openapi.json`));
      });
    } finally {
      deepEqual(await home.remove(), []);
    }
  },
});
