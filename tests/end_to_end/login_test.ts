/**
 * Whole logins: the command line, the confined daemon, the relay, TLS, and a certified authorization
 * server that a visitor logs in at.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { CONFIDENTIAL } from "../support/authorization_server.ts";
import { type LoginStage, withLoginStage } from "../support/login_stage.ts";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { hang, json, type RudeAnswer, startRudeServer } from "../support/rude_server.ts";
import { trustingFetch } from "../support/trusting_fetch.ts";
import { Visitor } from "../support/visitor.ts";

const PAGE = /^ {2}(https?:\/\/\S+)$/m;

/** Goes through the provider's pages and back to the daemon; what the last page says. */
async function visit({ server }: LoginStage, url: string, consents = true): Promise<string> {
  using trusting = trustingFetch(server.root);
  const back = await new Visitor(trusting.fetch).authorize(url, consents);
  return await (await fetch(back)).text();
}

async function shown(stage: LoginStage, ref: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await stage.run(["get", ...ref.split("/", 1), "--json"]);
  equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("login through the browser: PKCE, the callback, and the connection is there", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, url] = await login.until(PAGE);
    match(url!, /code_challenge_method=S256/);

    const page = await visit(stage, url!);

    match(page, /Logged in to Acme acme/);
    const { code, stdout } = await login.finished;
    equal(code, 0);
    equal(stdout, "Logged in to acme as acme/default\n");
    const connection = await shown(stage, "acme/default");
    equal(connection["status"], "connected");

    // The same state again, and one that nobody gave out.
    const { port } = await stage.daemon();
    const state = new URL(url!).searchParams.get("state");
    for (const replayed of [state, "0".repeat(43), ""]) {
      const response = await fetch(
        `http://127.0.0.1:${port}/auth/callback/oauth?code=x&state=${replayed}`,
      );
      equal(response.status, 400);
      match(await response.text(), /state is unknown or was used before/);
    }
  });
});

Deno.test("login with a device: the code is printed, and the daemon notices the confirmation", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    const login = stage.start(["login", "acme", "--flow", "device_code", "--no-browser"]);
    const [, userCode] = await login.until(/Enter this code: +(\S+)/);
    const [, page] = await login.until(/on this page: +(\S+)/);

    await stage.server.confirmDevice(`${page}?user_code=${userCode}`);

    const { code, stdout } = await login.finished;
    equal(code, 0);
    equal(stdout, "Logged in to acme as acme/default\n");
  });
});

Deno.test("login with client credentials asks for the client; a wrong secret is asked for again", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("robot", {
      flows: ["client_credentials"],
      oauth: {
        client_id: undefined,
        token_endpoint_auth_method: "client_secret_basic",
        scopes: [],
      },
    });
    const values = (secret: string) =>
      JSON.stringify({ client_id: CONFIDENTIAL.client_id, client_secret: secret });

    const refused = await stage.run(["login", "robot", "--stdin"], values("not the secret"));
    equal(refused.code, 2);
    match(refused.stderr, /invalid_client/);
    match(refused.stderr, /Check the client ID and the client secret/);

    const taken = await stage.run(
      ["login", "robot", "--stdin"],
      values(CONFIDENTIAL.client_secret),
    );
    equal(taken.stdout, "Logged in to robot as robot/default\n");
    deepEqual(await stage.home.filesHolding(CONFIDENTIAL.client_secret), []);
  });
});

Deno.test("login --mcp finds, registers and logs in; again it finds what is there; restarts in between", async () => {
  await withLoginStage(async (stage) => {
    const { resource } = stage.server;
    const begin = [
      "login",
      "--mcp",
      resource,
      "--name",
      "tools",
      "--allow-private",
      "--no-browser",
    ];
    const login = stage.start(begin);
    const [, url] = await login.until(PAGE);
    equal(new URL(url!).searchParams.get("resource"), resource);
    equal(new URL(url!).searchParams.get("scope"), "read");

    equal((await stage.run(["daemon", "restart"])).code, 0);
    match(await visit(stage, url!), /Logged in to tools/);
    const { code, stdout, stderr } = await login.finished;
    equal(code, 0, stderr);
    equal(stdout, "Logged in to tools as tools/default\n");

    const again = await stage.run([...begin.slice(0, 3), "--allow-private"]);
    match(again.stdout, /^Already logged in to tools\/default/);
    const definition = JSON.parse((await stage.run(["inspect", "tools", "--json"])).stdout);
    deepEqual(definition.hosts, [{ url: resource.replace("https://", "") }]);

    const taken = await stage.run(
      ["login", "--mcp", `${resource}/other`, "--name", "tools", "--allow-private"],
    );
    equal(taken.code, 7, taken.stderr);
  }, { keepsPort: true });
});

Deno.test("login --mcp leaves nothing behind when it cannot begin", async () => {
  await withLoginStage(async (stage) => {
    const { issuer } = stage.server;
    const attempts: readonly (readonly [string[], number, RegExp])[] = [
      [["--mcp", `${issuer}/mcp`], 2, /private network\n.*--allow-private/],
      [["--mcp", "http://tools.example/mcp"], 2, /not https/],
      [["--mcp", "tools.example"], 2, /not a URL/],
      [["--mcp", "https://127.0.0.1:1/mcp", "--allow-private"], 8, /Cannot reach/],
      [["--mcp", `${issuer}/mcp`, "acme"], 2, /its URL says it all/],
      [["--mcp", `${issuer}/mcp`, "--name", "No Name"], 2, /as a name/],
      [["--allow-private", "acme"], 2, /they go with --mcp/],
      [[], 2, /PROVIDER is missing/],
    ];
    for (const [args, code, words] of attempts) {
      const result = await stage.run(["login", ...args]);
      equal(result.code, code, result.stderr);
      match(result.stderr, words);
    }
    const { custom } = JSON.parse((await stage.run(["list", "--json"])).stdout);
    deepEqual(custom, []);
  });
});

Deno.test({
  name: "over SSH the address of the page that did not load is pasted into the terminal",
  ignore: !HAS_TERMINAL,
  async fn() {
    const tokens = () => json({ access_token: "at-1", token_type: "Bearer", expires_in: 3600 });
    await using provider = await startRudeServer({ "/token": tokens });
    await withLoginStage(async (stage) => {
      const { origin } = provider;
      await stage.register("far", {
        oauth: {
          authorization_url: `${origin}/auth`,
          token_url: `${origin}/token`,
          issuer: undefined,
        },
      });

      const { code, screen, restored } = await onTerminal(stage.home, [
        "login",
        "far",
        "--no-browser",
      ], [
        { expect: "press Enter.", send: "what?\r" },
        {
          expect: "That is no address",
          capture: "state=([\\w-]+)",
          send: "http://127.0.0.1:7998/auth/callback/oauth?code=c-1&state={}\r",
        },
      ], { env: stage.env });

      equal(code, 0, screen);
      match(screen, /Logged in/);
      match(screen, /Waiting for you to finish \(\d+m \d+s left, Ctrl-C cancels\)/);
      ok(!screen.includes("code=c-1"), "the code is not echoed");
      equal(restored, true);
    }, { alsoTrusts: provider.root });
  },
});

Deno.test("what a rude provider says, and what it was sent, is in no file of the home", async () => {
  const leak = "leaked-provider-text-90ab";
  const replies: RudeAnswer[] = [
    () => json({ error: "server_error", trace: leak }, 500),
    () => new Response(`<html>${leak}</html>`, { headers: { "content-type": "text/html" } }),
    () => json({ access_token: { nested: leak } }),
  ];
  let asked = 0;
  const token: RudeAnswer = (request) => replies[asked++ % replies.length]!(request);
  await using provider = await startRudeServer({ "/token": token });
  await withLoginStage(async (stage) => {
    const { origin } = provider;
    await stage.register("rude", {
      oauth: {
        authorization_url: `${origin}/auth`,
        token_url: `${origin}/token`,
        issuer: undefined,
      },
    });
    for (const _ of replies) {
      const login = stage.start(["login", "rude", "--no-browser", "--verbose"]);
      const [, url] = await login.until(PAGE);
      const { redirect_uri, state } = Object.fromEntries(new URL(url!).searchParams);
      const page = await fetch(`${redirect_uri}?code=the-code-5d2e&state=${state}`);
      const text = await page.text();
      const { code, stdout, stderr } = await login.finished;
      deepEqual([page.status >= 400, code], [true, 2]);
      for (const said of [text, stdout, stderr]) ok(!said.includes(leak), said);
      deepEqual(await stage.home.filesHolding(state!), []);
    }
    equal(asked, replies.length);
    deepEqual(await stage.home.filesHolding(leak), []);
    deepEqual(await stage.home.filesHolding("the-code-5d2e"), []);
  }, { alsoTrusts: provider.root });
});

Deno.test("Ctrl-C cancels the login at the daemon; the page then says so", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, url] = await login.until(PAGE);

    login.kill("SIGINT");

    const { code, stderr } = await login.finished;
    equal(code, 2);
    match(stderr, /Cannot log in to acme: you cancelled/);
    match(await visit(stage, url!), /state is unknown or was used before/);
    equal((await stage.run(["get", "acme"])).code, 5);
  });
});

Deno.test("Ctrl-C before the daemon has answered cancels the login all the same", async () => {
  const asked = Promise.withResolvers<void>();
  const silent: RudeAnswer = () => {
    asked.resolve();
    return hang();
  };
  await using provider = await startRudeServer({ "/device": silent });
  await withLoginStage(async (stage) => {
    const { origin } = provider;
    await stage.register("slow", {
      flows: ["device_code"],
      oauth: {
        device_authorization_url: `${origin}/device`,
        token_url: `${origin}/token`,
        client_id: "shipped",
        issuer: undefined,
      },
    });
    const login = stage.start(["login", "slow"]);
    await asked.promise;

    login.kill("SIGINT");

    equal((await login.finished).code, 2);
    const { stdout } = await stage.run(["log", "--json"]);
    match(stdout, /InputCancelledError/);
  }, { alsoTrusts: provider.root });
});

Deno.test("login says what the person refused, and what was granted besides", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    const login = stage.start(["login", "acme", "--no-browser"]);
    const [, url] = await login.until(PAGE);
    match(await visit(stage, url!, false), /access was denied/);
    const { code, stderr } = await login.finished;
    equal(code, 2);
    match(stderr, /error: Cannot log in to acme: access was denied/);

    // The server drops a scope that it does not know.
    const other = stage.start(["login", "acme", "--no-browser", "--scopes", "openid,nonsense"]);
    const [, again] = await other.until(PAGE);
    await visit(stage, again!);
    match((await other.finished).stderr, /warning: not granted: nonsense/);
  });
});
