/**
 * `kill -9` of the real daemon at each step of a login: afterwards the login goes on, or says that it
 * cannot; what is stored is the whole of a connection or nothing.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { hang, json, type RudeAnswer, startRudeServer } from "../support/rude_server.ts";
import { type LoginStage, withLoginStage } from "../support/login_stage.ts";
import type { RunningCommand } from "../support/running_command.ts";
import { trustingFetch } from "../support/trusting_fetch.ts";
import { Visitor } from "../support/visitor.ts";

const PAGE = /^ {2}(https?:\/\/\S+)$/m;

/** Kills the daemon and waits for the next one, as any command brings it up. */
async function killDaemon(stage: LoginStage): Promise<void> {
  Deno.kill((await stage.daemon()).pid, "SIGKILL");
  const { code, stderr } = await stage.run(["daemon", "start"]);
  equal(code, 0, stderr);
}

async function visit({ server }: LoginStage, url: string): Promise<string> {
  using trusting = trustingFetch(server.root);
  return await (await fetch(await new Visitor(trusting.fetch).authorize(url, true))).text();
}

/** A definition of `rude` whose endpoints are another server's. */
function rude(origin: string): Record<string, unknown> {
  return {
    authorization_url: `${origin}/authorize`,
    token_url: `${origin}/token`,
    device_authorization_url: `${origin}/device`,
    issuer: undefined,
  };
}

/** How the login ended, and that the store holds a whole connection or none. */
async function outcome(
  stage: LoginStage,
  login: RunningCommand,
  provider: string,
): Promise<string> {
  const { code, stderr } = await login.finished;
  const stored = await stage.run(["get", provider, "--json"]);
  if (code === 0) equal(stored.code, 0, stored.stderr);
  else equal(stored.code, 5, `${stored.stdout}${stderr}`);
  return code === 0 ? "done" : stderr;
}

Deno.test("a daemon killed while a form or a consent page is open: the login goes on", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme", { oauth: { client_id: undefined } });
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, form] = await login.until(PAGE);
    await killDaemon(stage);

    const page = await (await fetch(form!)).text();
    const submitted = await fetch(form!, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({
        form_token: /name="form_token" value="([^"]+)"/.exec(page)![1]!,
        client_id: "native-app",
      }),
    });
    equal(submitted.status, 303, await submitted.text());
    await killDaemon(stage);

    match(await visit(stage, submitted.headers.get("location")!), /Logged in to Acme acme/);
    equal(await outcome(stage, login, "acme"), "done");
  }, { keepsPort: true });
});

Deno.test("a daemon killed while a device is waited for: polling goes on", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    const login = stage.start(["login", "acme", "--flow", "device_code", "--no-browser"]);
    const [, code] = await login.until(/Enter this code: +(\S+)/);
    await killDaemon(stage);

    await stage.server.confirmDevice(`${stage.server.issuer}/device?user_code=${code}`);

    equal(await outcome(stage, login, "acme"), "done");
  }, { keepsPort: true });
});

Deno.test("a daemon killed while the code is exchanged: the login says that it cannot go on", async () => {
  const asked = Promise.withResolvers<void>();
  const token: RudeAnswer = () => {
    asked.resolve();
    return hang();
  };
  await using server = await startRudeServer({ "/token": token });
  await withLoginStage(async (stage) => {
    await stage.register("rude", { oauth: rude(server.origin) });
    const login = stage.start(["login", "rude", "--no-browser"]);
    const [, url] = await login.until(PAGE);
    const { redirect_uri, state } = Object.fromEntries(new URL(url!).searchParams);
    const page = fetch(`${redirect_uri}?code=c-1&state=${state}`).catch(() => "cut off");
    await asked.promise;

    await killDaemon(stage);

    equal(await page, "cut off");
    match(await outcome(stage, login, "rude"), /the daemon was restarted in the middle of it/);
    const again = await (await fetch(`${redirect_uri}?code=c-1&state=${state}`)).text();
    match(again, /state is unknown or was used before/);
  }, { keepsPort: true, alsoTrusts: server.root });
});

Deno.test("a daemon killed at any moment after the callback leaves all of a login or nothing", async () => {
  const tokens = () =>
    json({ access_token: "at-1", refresh_token: "rt-1", token_type: "Bearer", expires_in: 3600 });
  await using server = await startRudeServer({ "/token": tokens });
  await withLoginStage(async (stage) => {
    await stage.register("rude", {
      oauth: {
        ...rude(server.origin),
        client_id: undefined,
        token_endpoint_auth_method: undefined,
      },
    });
    for (let delayMs = 0; delayMs <= 35; delayMs += 5) {
      const login = stage.start(["login", "rude", "--no-browser", "--force"]);
      const [, form] = await login.until(PAGE);
      const page = await (await fetch(form!)).text();
      const submitted = await fetch(form!, {
        method: "POST",
        redirect: "manual",
        body: new URLSearchParams({
          form_token: /name="form_token" value="([^"]+)"/.exec(page)![1]!,
          client_id: "typed-in",
          client_secret: "typed-secret",
        }),
      });
      const url = new URL(submitted.headers.get("location")!);
      const { redirect_uri, state } = Object.fromEntries(url.searchParams);
      await submitted.body?.cancel();
      const comeBack = () =>
        fetch(`${redirect_uri}?code=c-1&state=${state}`).then((response) => response.text());
      const callback = comeBack().catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await killDaemon(stage);
      // What a person does with a page that did not load.
      if (await callback === null) await comeBack();

      const { code, stderr } = await login.finished;
      const { connections } = JSON.parse((await stage.run(["inspect", "rude", "--json"])).stdout);
      // The client is kept with the connection or not at all: then the next login asks for it.
      const next = JSON.parse(
        (await stage.run(["login", "rude", "--no-wait", "--force", "--json"])).stdout,
      );
      const asks = /\/input$/.test(next.auth_url);
      if (code === 0) {
        deepEqual([connections.length, asks], [1, false]);
      } else {
        match(stderr, /restarted in the middle/);
        deepEqual([connections.length, asks], [0, true]);
      }
      equal((await stage.run(["revoke", "rude"])).code, 0);
    }
  }, { keepsPort: true, alsoTrusts: server.root });
});
