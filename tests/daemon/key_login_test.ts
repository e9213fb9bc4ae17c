/**
 * Key login, from the terminal (sessions as JSON) and from the browser (the form).
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ConnectionDetail, ConnectionList, Session } from "../../core/api.ts";
import type { ErrorEnvelope } from "../../core/errors.ts";
import {
  BASE_URL,
  CANARY,
  type Client,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("a key given to the session is kept as the provider's default connection", async () => {
  await using home = await open();

  const created = await create(home, { provider: "acme" });
  const done = await resume(home, created.id, { api_key: `  ${CANARY}\n` });

  equal(created.status, "waiting_for_user");
  equal(created.connection, "default");
  deepEqual(created.input_fields.map(({ name, secret, env }) => ({ name, secret, env })), [
    { name: "api_key", secret: true, env: ["ACME_API_KEY"] },
  ]);
  equal(done.status, "completed");
  deepEqual(done.next_action, { type: "none" });
  deepEqual(done.input_fields, []);
  equal((await detail(home, "acme", "default", true)).api_key, CANARY);
});

Deno.test("several fields are all asked for, and kept each under its name", async () => {
  await using home = await open();

  const { id, input_fields } = await create(home, { provider: "pair" });
  await resume(home, id, { account_id: "AC42", auth_token: CANARY });

  deepEqual(input_fields.map(({ name, secret }) => [name, secret]), [
    ["account_id", false],
    ["auth_token", true],
  ]);
  deepEqual((await detail(home, "pair", "default", true)).credentials, {
    account_id: "AC42",
    auth_token: CANARY,
  });
});

Deno.test("a value that cannot be used leaves the login waiting", async (t) => {
  await using home = await open();
  const table: Record<string, Record<string, string>> = {
    "nothing": {},
    "an empty key": { api_key: "" },
    "spaces": { api_key: "   " },
    "a line break inside": { api_key: "sk-abc\r\nX-Evil: 1" },
    "a field nobody asked for": { api_key: CANARY, refresh_token: "x" },
  };
  for (const [title, data] of Object.entries(table)) {
    await t.step(title, async () => {
      const { id } = await create(home, { provider: "acme", force: true });

      const response = await home.owner.call("POST", `/auth/sessions/${id}/resume`, { data });
      const text = await response.text();

      equal(response.status, 400, text);
      equal(JSON.parse(text).error, "InvalidInputError");
      equal(text.includes(CANARY), false);
      equal((await look(home, id)).status, "waiting_for_user");
      equal((await resume(home, id, { api_key: CANARY })).status, "completed");
    });
  }
});

Deno.test("a key of an unusual form is taken with a warning, one that is certainly wrong is not", async () => {
  await using home = await open();

  const odd = await resume(home, (await create(home, { provider: "acme" })).id, {
    api_key: "not-like-the-others",
  });
  const { id } = await create(home, { provider: "strict" });
  const wrong = await home.owner.call("POST", `/auth/sessions/${id}/resume`, {
    data: { api_key: "st_12345x" },
  });

  equal(odd.status, "completed");
  match(odd.warnings[0]!, /usual form.*sk-/);
  equal(odd.warnings[0]!.includes("not-like-the-others"), false);
  equal(wrong.status, 400);
  equal((await wrong.text()).includes("st_12345x"), false);
});

Deno.test("a base URL for a provider that has only one place is refused, and not dropped", async () => {
  await using home = await open();
  const begin = (base_url: string | null) =>
    home.owner.call("POST", "/auth/sessions", { provider: "acme", base_url });

  const refused = await begin("https://acme.example.com");
  const taken = await begin(null);

  deepEqual([refused.status, taken.status], [400, 200]);
  const { error, hint, issues } = await refused.json();
  deepEqual([error, hint], ["InvalidInputError", "Leave it out: authsome login acme"]);
  equal(issues[0].path, "base_url");
});

Deno.test("without a name the provider's default connection is meant", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: CANARY }, "work");

  const again = await create(home, { provider: "acme", force: true });

  equal(again.connection, "work");
  const { connections } = await home.owner.json<ConnectionList>("GET", "/connections");
  equal(connections[0]!.default_connection, "work");
});

Deno.test("already connected: nothing happens, unless it is forced or asked for otherwise", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  const same = await create(home, { provider: "acme" });
  const forced = await create(home, { provider: "acme", force: true });
  const other = await create(home, { provider: "acme", connection: "second" });

  deepEqual([same.status, same.message], ["completed", "Already connected"]);
  equal(forced.status, "waiting_for_user");
  equal(other.status, "waiting_for_user");
});

Deno.test("an unknown provider names the nearest ones", async () => {
  await using home = await open();

  const response = await home.owner.call("POST", "/auth/sessions", { provider: "acmee" });

  equal(response.status, 404);
  deepEqual(await response.json(), {
    error: "ProviderNotFoundError",
    message: 'Cannot find provider "acmee": there is none',
    provider: "acmee",
    hint: "Did you mean acme?",
  });
});

Deno.test("a flow that the provider does not offer is refused", async () => {
  await using home = await open();

  const response = await home.owner.call("POST", "/auth/sessions", {
    provider: "acme",
    flow: "device_code",
  });

  equal(response.status, 400);
  equal((await response.json()).error, "UnsupportedFlowError");
});

Deno.test("a session that was cancelled takes nothing any more", async () => {
  await using home = await open();
  const { id } = await create(home, { provider: "acme" });

  const cancelled = await home.owner.json<Session>("DELETE", `/auth/sessions/${id}`);
  const resumed = await resume(home, id, { api_key: CANARY });

  equal(cancelled.status, "cancelled");
  equal(resumed.status, "cancelled");
  deepEqual((await home.owner.json<ConnectionList>("GET", "/connections")).connections, []);
});

Deno.test("a session expires after five minutes, an unknown one was never there", async () => {
  await using home = await open();
  const { id, expires_at, created_at } = await create(home, { provider: "acme" });
  equal(Date.parse(expires_at) - Date.parse(created_at), 300_000);

  home.daemon.clock.now = new Date(home.daemon.clock.now.getTime() + 300_000);
  const expired = await home.owner.call("GET", `/auth/sessions/${id}`);
  const page = await home.daemon.request(`/auth/sessions/${id}/input`);
  const unknown = await home.owner.call("GET", `/auth/sessions/sess_${"0".repeat(32)}`);

  equal(expired.status, 410);
  equal((await expired.json() as ErrorEnvelope).error, "LoginExpiredError");
  equal(page.status, 410);
  match(await page.text(), /Login to Acme failed[^]*expired/);
  equal(unknown.status, 404);
});

Deno.test("a session outlives a restart of the daemon", async () => {
  await using home = await open();
  const { id } = await create(home, { provider: "acme" });

  const restarted = await openTestDaemon({ vault: home.daemon.vault });
  const page = await restarted.request(`/auth/sessions/${id}/input`);

  equal(page.status, 200);
  match(await page.text(), /Log in to Acme/);
  await restarted.stop();
});

Deno.test("the browser form: a key typed there completes the login", async () => {
  await using home = await open();
  const form = await openForm(home, "pair");
  match(form.html, /<input[^>]*name="auth_token" type="password" value=""/);
  match(form.html, /<input[^>]*name="account_id" type="text"/);

  const page = await form.submit({ account_id: "AC42", auth_token: CANARY });

  equal(page.status, 200);
  match(page.html, /Logged in to Pair/);
  equal(page.html.includes(CANARY), false);
  equal((await look(home, form.id)).status, "completed");
  equal((await detail(home, "pair", "default", true)).credentials["auth_token"], CANARY);
});

Deno.test("the browser form: two secrets are both hidden, both wanted and both kept", async () => {
  await using home = await open();
  const form = await openForm(home, "secrets");
  match(form.html, /<input[^>]*name="api_key" type="password" value=""/);
  match(form.html, /<input[^>]*name="app_key" type="password" value=""/);

  const half = await form.submit({ api_key: CANARY, app_key: "" });
  const done = await form.submit({ api_key: CANARY, app_key: "app-canary-42" });

  equal(half.status, 422);
  equal(half.html.includes(CANARY), false);
  match(done.html, /Logged in to Secrets/);
  const { api_key, credentials } = await detail(home, "secrets", "default", true);
  deepEqual([api_key, credentials["app_key"]], [CANARY, "app-canary-42"]);
});

Deno.test("the browser form: a wrong key shows the form again with the reason, never with the key", async () => {
  await using home = await open();
  const form = await openForm(home, "strict");

  const again = await form.submit({ api_key: "st_wrong" });
  const done = await form.submit({ api_key: "st_123456" });

  equal(again.status, 422);
  match(again.html, /role="alert"[^]*does not have the right form/);
  equal(again.html.includes("st_wrong"), false);
  match(done.html, /Logged in to Strict/);
});

Deno.test("the browser form: what is no secret is still there when the form comes again", async () => {
  await using home = await open();
  const form = await openForm(home, "pair");

  const again = await form.submit({ account_id: 'AC"42<b>', auth_token: "" });

  match(again.html, /name="account_id" type="text" value="AC&quot;42&lt;b&gt;"/);
});

Deno.test("the browser form: an odd key asks once more and is used when the person says so", async () => {
  await using home = await open();
  const form = await openForm(home, "acme");

  const asked = await form.submit({ api_key: "not-like-the-others" });
  deepEqual((await home.owner.json<ConnectionList>("GET", "/connections")).connections, []);
  const done = await form.submit({ use_anyway: "1" });

  match(asked.html, /does not have the usual form[^]*Use it anyway/);
  equal(asked.html.includes("not-like-the-others"), false);
  match(done.html, /Logged in to Acme/);
  equal((await detail(home, "acme", "default", true)).api_key, "not-like-the-others");
});

Deno.test("the browser form: a second try with a better key forgets the odd one", async () => {
  await using home = await open();
  const form = await openForm(home, "acme");
  await form.submit({ api_key: "not-like-the-others" });

  await form.submit({ api_key: CANARY });

  equal((await detail(home, "acme", "default", true)).api_key, CANARY);
});

Deno.test("the browser form: once the login is over it is a page, not a form", async () => {
  await using home = await open();
  const form = await openForm(home, "acme");
  await form.submit({ api_key: CANARY });

  const again = await form.submit({ api_key: "sk-another-1234" });

  match(again.html, /Logged in to Acme/);
  equal((await detail(home, "acme", "default", true)).api_key, CANARY);
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

async function open(): Promise<Home> {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  return { daemon, owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

async function create({ owner }: Home, request: unknown): Promise<Session> {
  return await owner.json<Session>("POST", "/auth/sessions", request);
}

async function look({ owner }: Home, id: string): Promise<Session> {
  return await owner.json<Session>("GET", `/auth/sessions/${id}`);
}

async function resume(
  { owner }: Home,
  id: string,
  data: Readonly<Record<string, string>>,
): Promise<Session> {
  return await owner.json<Session>("POST", `/auth/sessions/${id}/resume`, { data });
}

async function detail(
  { owner }: Home,
  provider: string,
  connection: string,
  show: boolean,
): Promise<ConnectionDetail> {
  return await owner.json("GET", `/connections/${provider}/${connection}?show_secrets=${show}`);
}

/** The form of a new login, and how it is sent. */
async function openForm(home: Home, provider: string) {
  const { id, next_action } = await create(home, { provider });
  ok(next_action.type === "open_url");
  const path = next_action.url.slice(BASE_URL.length);
  const html = await (await home.daemon.request(path)).text();
  const form_token = /name="form_token" value="([0-9a-f]+)"/.exec(html)![1]!;
  const submit = async (values: Record<string, string>) => {
    const response = await home.daemon.request(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: BASE_URL },
      body: new URLSearchParams({ form_token, ...values }).toString(),
    });
    return { status: response.status, html: await response.text() };
  };
  return { id, html, submit };
}
