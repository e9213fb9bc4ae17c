/**
 * Logins as a person sees them: a real browser, the daemon's pages, and the pages of a certified
 * authorization server, clicked through.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { CONFIDENTIAL } from "../support/authorization_server.ts";
import { shoot } from "../support/browser.ts";
import { browserTest, consent } from "../support/login_in_browser.ts";

const PAGE = /^ {2}(https?:\/\/\S+)$/m;

browserTest(
  "in a browser: an OAuth app typed in, a wrong secret, the right one, consent, done",
  async (page, stage) => {
    await stage.register("acme", {
      display_name: "Acme",
      oauth: { client_id: undefined, token_endpoint_auth_method: "client_secret_post" },
    });
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, form] = await login.until(PAGE);

    await page.goto(form!);
    match(await page.textContent("main") ?? "", /127\.0\.0\.1:\d+\/auth\/callback\/oauth/);
    await page.click("summary");
    equal(await page.inputValue("input[name=scopes]"), "openid");
    await shoot(page, "login-oauth-client");
    await page.fill("input[name=client_id]", CONFIDENTIAL.client_id);
    await page.fill("input[name=client_secret]", "not-the-secret");
    await page.click("text=Log in >> nth=-1");
    await consent(page);

    await page.waitForSelector("[role=alert]");
    match(page.url(), /\/api\/auth\/sessions\/sess_[0-9a-f]{32}\/input$/);
    match(await page.textContent("[role=alert]") ?? "", /invalid_client/);
    equal(await page.inputValue("input[name=client_id]"), CONFIDENTIAL.client_id);
    equal(await page.inputValue("input[name=client_secret]"), "");
    await shoot(page, "login-refused-client");
    // The terminal asks every half second: it has to see the refusal before it is mended.
    await login.until(/invalid_client/);
    await page.fill("input[name=client_secret]", CONFIDENTIAL.client_secret);
    await page.click("text=Log in >> nth=-1");
    // The provider remembers who this is, and what was consented to may be asked again.
    await page.waitForSelector("text=/Authorize|Logged in to Acme/");
    if (await page.locator("text=Authorize").count() > 0) await page.click("button[type=submit]");

    await page.waitForSelector("text=Logged in to Acme");
    await shoot(page, "login-success");
    const { code, stdout, stderr } = await login.finished;
    equal(code, 0, stderr);
    equal(stdout, "Logged in to acme as acme/default\n");
    match(stderr, /invalid_client/);
  },
);

browserTest(
  "in a browser: the device page shows the code and notices when it was confirmed",
  async (page, stage) => {
    await stage.register("acme", { display_name: "Acme" });
    const begun = await stage.run(
      ["login", "acme", "--flow", "device_code", "--no-wait", "--json"],
    );
    const session = JSON.parse(begun.stdout);
    const { port } = await stage.daemon();
    await page.goto(`http://127.0.0.1:${port}/api/auth/sessions/${session.session_id}/device`);
    equal(await page.textContent(".code"), session.user_code);
    await shoot(page, "login-device");

    const [provider] = await Promise.all([
      page.waitForEvent("popup"),
      page.click("text=Open Acme"),
    ]);
    await provider.waitForLoadState();
    await provider.click("button[type=submit]");
    await consent(provider);

    await page.waitForSelector("text=Logged in to Acme");
  },
);

browserTest(
  "in a browser: a person who says no sees why, and so does the terminal",
  async (page, stage) => {
    await stage.register("acme", { display_name: "Acme" });
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, url] = await login.until(PAGE);
    await page.goto(url!);

    await page.click("text=Cancel");

    await page.waitForSelector("text=Login to Acme failed");
    match(await page.textContent("[role=alert]") ?? "", /access was denied/);
    await shoot(page, "login-failure");
    equal((await login.finished).code, 2);
  },
);

browserTest(
  "in a browser: an API key goes into the form, and is in the page no more",
  async (page, stage) => {
    const login = stage.start(["login", "openai", "--no-browser"]);
    const [, form] = await login.until(PAGE);
    await page.goto(form!);
    await shoot(page, "login-key");

    await page.fill("input[name=api_key]", "odd-key-of-this-test");
    await page.click("text=Log in >> nth=-1");
    await page.waitForSelector("text=Use it anyway");
    ok(!(await page.content()).includes("odd-key-of-this-test"));
    await shoot(page, "login-odd-key");
    await page.click("text=Use it anyway");

    await page.waitForSelector("text=Logged in to OpenAI");
    equal((await login.finished).code, 0);
  },
);
