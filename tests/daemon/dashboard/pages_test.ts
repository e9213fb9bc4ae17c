/**
 * What the pages of the dashboard say and do, without a browser.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { stateChange } from "../../../daemon/records/connection_state.ts";
import { enterDashboard, fillLoginForm, type Visitor } from "../support/dashboard_visitor.ts";
import { type DashboardStage, withDashboard } from "../support/dashboard_stage.ts";
import { CANARY, grantRun, logIn, openTestDaemon, registerOwner } from "../support/test_daemon.ts";
import { type OwnedDaemon, withOwner } from "../support/with_owner.ts";

interface Scene extends OwnedDaemon {
  readonly visitor: Visitor;
}

function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  return withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    await work({ daemon, owner, visitor: await enterDashboard(daemon, owner) });
  });
}

/** The same with every bundled provider and something in each list. */
async function withFullHome(
  work: (stage: DashboardStage, visitor: Visitor) => Promise<void>,
): Promise<void> {
  await withDashboard(async (stage) => {
    await work(stage, await enterDashboard(stage.daemon, stage.owner));
  });
}

Deno.test("the overview counts connections, says what needs attention, and what runs", () =>
  withFullHome(async (_, { look }) => {
    const { text } = await look("/ui/");
    match(text, /<strong>8<\/strong><span>connections/);
    match(text, /<strong>2<\/strong><span>need attention/);
    match(text, /slack\/default.*Needs a new login/s);
    match(text, /anthropic\/default.*Ends/s);
    match(text, /claude.*github\/work.*linear \(its default\).*github\/work <b>425×/s);
    match(text, /python3.*every default connection.*nothing yet/s);
    match(text, /425 requests with a credential in the last 14 days/);
  }));

Deno.test("what a run used is counted once, however often the page is shown", () =>
  withScene(async ({ daemon, owner, visitor: { look } }) => {
    const { run } = await grantRun(daemon, owner, { label: "agent" });
    const resolve = () => run.json("POST", "/credentials/resolve", { provider: "acme" });
    await resolve();
    match((await look("/ui/")).text, /acme\/default <b>1×/);
    match((await look("/ui/")).text, /acme\/default <b>1×/);
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 60_000);
    await resolve();
    match((await look("/ui/")).text, /acme\/default <b>2×/);
  }));

Deno.test("the list is searched by name, host and account, and filtered by state and kind", () =>
  withFullHome(async (_, { look }) => {
    const found = async (query: string) => {
      const { text } = await look(`/ui/connections?${query}`);
      return [...text.matchAll(/class="name" href="\/ui\/apps\/([^"]+)"/g)].map(([, name]) => name);
    };
    equal((await found("q=github"))[0], "github");
    ok((await found("q=api.openai.com")).includes("openai"));
    deepEqual(await found("q=mona-lisa"), ["github"]);
    deepEqual(await found("q=mona-lisa+openai"), []);
    deepEqual((await found("show=attention")).sort(), ["anthropic", "slack"]);
    equal((await found("show=connected")).length, 7);
    deepEqual(await found("show=custom"), []);
    const mail = await found("category=email");
    ok(mail.length > 0 && mail.length < 50);
    equal((await found("")).length, 50);
    ok(!(await found("page=2")).includes("github"));
    match((await look("/ui/connections?q=%3Cb%3E")).text, /Nothing fits <b>&lt;b&gt;<\/b>/);
  }));

Deno.test("a provider's page shows connections, scopes, account, expiry, hosts and definition", () =>
  withFullHome(async (_, { look }) => {
    const { text } = await look("/ui/apps/github");
    for (
      const part of [
        "mona@example.com",
        "mona-lisa",
        "read:org",
        "runs out",
        "default</span>",
        "api.github.com",
        "GITHUB_TOKEN",
        "With a code on another device",
        "&quot;schema_version&quot;: 1",
      ]
    ) ok(text.includes(part), part);
  }));

Deno.test("a provider's page says how the last refresh of each connection went", () =>
  withFullHome(async ({ daemon }, { look }) => {
    const vaultId = (await daemon.vault.keys("vault:"))[0]!.split(":")[1]!;
    const ago = (minutes: number) => new Date(daemon.clock.now.getTime() - minutes * 60_000);
    await daemon.vault.write([
      stateChange(vaultId, { provider: "slack", connection: "default" }, {
        last_refresh_at: ago(300),
        last_refresh_error: "invalid_grant <b>",
        last_failure_at: ago(5),
      }),
      stateChange(vaultId, { provider: "github", connection: "work" }, {
        last_refresh_at: ago(120),
        last_refresh_error: null,
        last_failure_at: ago(180),
      }),
    ]);
    const slack = (await look("/ui/apps/slack")).text;
    match(
      slack,
      /Refreshed<\/dt>.*5 hours ago.*failed<\/span>.*5 minutes ago.*invalid_grant &lt;b&gt;/s,
    );
    match(slack, /not refreshed any more/);
    const github = (await look("/ui/apps/github")).text;
    equal(github.match(/Refreshed<\/dt>/g)?.length, 1);
    match(github, /Refreshed<\/dt><dd><time[^>]*>2 hours ago<\/time><\/dd>/);
    ok(!(await look("/ui/apps/openai")).text.includes("Refreshed"));
  }));

Deno.test("connecting asks for the key on the login's page and comes back", () =>
  withScene(async ({ daemon, visitor: { look, post } }) => {
    const begun = await post("/ui/apps/acme/connect", { connection: "work" });
    equal(begun.status, 303);
    const form = new URL(begun.headers.get("location")!).pathname;
    match(form, /^\/api\/auth\/sessions\/sess_[0-9a-f]{32}\/input$/);
    const done = await fillLoginForm(daemon, form, { api_key: CANARY });
    match(done, /href="\/ui\/apps\/acme">Back to the dashboard/);
    match((await look("/ui/apps/acme")).text, /<h3>work<\/h3>/);
  }));

Deno.test("connecting what is connected says so; reconnecting logs in again", () =>
  withScene(async ({ visitor: { look, post } }) => {
    const again = await post("/ui/apps/acme/connect", { connection: "default" });
    equal(again.headers.get("location"), "/ui/apps/acme");
    match((await look("/ui/apps/acme")).text, /role="status"><p>Already connected/);
    ok(!(await look("/ui/apps/acme")).text.includes("Already connected"), "told once");
    const forced = await post("/ui/apps/acme/connect", { connection: "default", force: "1" });
    match(forced.headers.get("location") ?? "", /\/input$/);
  }));

Deno.test("what cannot be done is told on a page with the way back", () =>
  withScene(async ({ visitor: { look, post } }) => {
    const cases = [
      [await post("/ui/apps/acme/connect", { connection: "Not A Name" }), 400, /connection name/],
      [await post("/ui/apps/acme/connect", { flow: "pkce" }), 400, /it offers api_key/],
      [await look("/ui/apps/acne"), 404, /Did you mean acme/],
      [await look("/ui/apps/acme/none/disconnect"), 404, /no such connection/],
      [await post("/ui/apps/acme/none/default"), 404, /no such connection/],
      [await look("/ui/runs/grant_0/end"), 403, /no such grant/],
    ] as const;
    for (const [{ status: got, text }, status, message] of cases) {
      equal(got, status);
      match(text, message);
      match(text, /Back to the dashboard/);
    }
  }));

Deno.test("disconnecting, revoking and ending a run ask first and then do it", () =>
  withScene(async ({ daemon, owner, visitor: { look, post } }) => {
    const { grant, run } = await grantRun(daemon, owner, { label: "agent" });
    match((await look(`/ui/runs/${grant.id}/end`)).text, /End the run agent\?/);
    equal((await post(`/ui/runs/${grant.id}/end`)).status, 303);
    equal((await run.call("GET", "/grants/self")).status, 403);

    await logIn(owner, "acme", undefined, "second");
    match((await look("/ui/apps/acme/second/disconnect")).text, /Disconnect acme\/second\?/);
    await post("/ui/apps/acme/second/disconnect");
    ok(!(await look("/ui/apps/acme")).text.includes("<h3>second"));
    await post("/ui/apps/acme/revoke");
    match((await look("/ui/apps/acme")).text, /Not connected/);
    deepEqual(
      daemon.audit.map(({ event }) => event).filter((event) => /end|logout|revoke$/.test(event)),
      ["grant_end", "logout", "revoke"],
    );
  }));

Deno.test("a definition is registered, replaced only on demand, and removed", () =>
  withScene(async ({ visitor: { look, post } }) => {
    const definition = JSON.stringify({
      name: "mine",
      display_name: "Mine",
      auth_type: "api_key",
      hosts: ["api.mine.test"],
      injection: { type: "header", name: "X-Key", value: "{api_key}" },
      fields: [{ name: "api_key", label: "Key", secret: true }],
    });
    equal((await post("/ui/register", { definition })).headers.get("location"), "/ui/apps/mine");
    match((await look("/ui/apps/mine")).text, /your own definition/);
    const again = await post("/ui/register", { definition });
    equal(again.status, 409);
    match(again.text, /name="force"/);
    equal((await post("/ui/register", { definition, force: "1" })).status, 303);
    equal((await post("/ui/apps/mine/remove")).headers.get("location"), "/ui/connections");
    equal((await look("/ui/apps/mine")).status, 404);
  }));

Deno.test("a wrong definition is told place by place, and stays in the field", () =>
  withScene(async ({ visitor: { post } }) => {
    const wrong = await post("/ui/register", { definition: `{"name": "mine", "typo": 1}` });
    equal(wrong.status, 422);
    match(wrong.text, /<code>typo<\/code>/);
    match(wrong.text, /aria-invalid="true"/);
    match(wrong.text, /&quot;typo&quot;: 1/);
    const broken = await post("/ui/register", { definition: "{" });
    equal(broken.status, 422);
    match(broken.text, /it is not JSON/);
    match(broken.text, /Line 1<\/span> +is not JSON from column 2 on/);
    const inside = JSON.stringify({
      name: "inside",
      display_name: "Inside",
      auth_type: "api_key",
      hosts: ["127.0.0.1"],
      injection: { type: "header", name: "X-Key", value: "{api_key}" },
      fields: [{ name: "api_key", label: "Key", secret: true }],
    });
    equal((await post("/ui/register", { definition: inside })).status, 422);
    equal((await post("/ui/register", { definition: inside, allow_private: "1" })).status, 303);
  }));

Deno.test("what is wrong with a definition is told at its line, comments and all", () =>
  withScene(async ({ visitor: { post } }) => {
    const definition = [
      "{ // mine",
      '  "name": "mine",',
      "  /* two",
      '     lines */ "display_name": "Mine",',
      '  "auth_type": "api_key",',
      '  "hosts": [',
      '    "api.mine.test",',
      '    "127.0.0.1"',
      "  ],",
      '  "injection": { "type": "header", "name": "X-Key", "value": "{key}" },',
      '  "fields": [{ "name": "api_key", "label": "Key", "secret": true }],',
      "}",
    ].join("\r\n");
    const { status, text } = await post("/ui/register", { definition });
    equal(status, 422);
    const told = [...text.matchAll(/class="line">Line (\d+)<\/span> +<code>([^<]+)<\/code>/g)]
      .map(([, line, path]) => [line, path]);
    deepEqual(told, [["8", "hosts.1"], ["10", "injection"], ["10", "injection.value"]]);
    deepEqual([...text.matchAll(/class="wrong">(\d+)</g)].map(([, line]) => line), ["8", "10"]);
    match(text, /aria-describedby="definition-problem definition-hint"/);

    const cut = await post("/ui/register", {
      definition: '\n{\n  "name": "mine"\n  "hosts": []\n}',
    });
    match(cut.text, /Line 4<\/span> +is not JSON from column 3 on/);
    // Line 1 is the empty one: a browser takes the first line break of a field off, and gets ours.
    match(cut.text, />\n\n\{\n {2}&quot;name/);
  }));

Deno.test("the audit log is filtered, and says what the last verification found", () =>
  withFullHome(async (_, { look, post }) => {
    const denied = (await look("/ui/audit?status=denied")).text;
    match(denied, /proxy deny/);
    ok(!denied.includes("api.github.com"));
    match((await look("/ui/audit")).text, /Check that nobody changed any/);
    await post("/ui/audit/verify");
    const verified = (await look("/ui/audit")).text;
    match(verified, /✓ Verified/);
    match(verified, /title="Verified">✓/);
  }));

Deno.test("settings show every check, the home and the identities", () =>
  withScene(async ({ owner, visitor: { look } }) => {
    const { text } = await look("/ui/settings");
    for (
      const part of ["All is well", "Confinement of the daemon", owner.signer.did, "a key file"]
    ) {
      ok(text.includes(part), part);
    }
  }));

Deno.test("the settings do not wait for the checks, and say when these broke off", async () => {
  const gate = Promise.withResolvers<"ok">();
  const probes = { config: () => gate.promise };
  const daemon = await openTestDaemon({ probes });
  try {
    const owner = await registerOwner(daemon);
    const { cookie, look } = await enterDashboard(daemon, owner);
    const response = await daemon.request("/ui/settings", { headers: { cookie } });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader.read()).value ?? "";
    match(first, /<h1>Settings<\/h1>/);
    ok(!first.includes("This daemon"));
    gate.resolve("ok");
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    match(rest, /All is well.*Configuration and files.*This daemon.*<\/html>/s);
    ok(!(first + rest).includes("<!--"));

    Object.defineProperty(probes, "config", {
      enumerable: true,
      get: () => {
        throw new Error("not foreseen");
      },
    });
    match((await look("/ui/settings")).text, /The checks broke off.*This daemon/s);
  } finally {
    await daemon.stop();
  }
});

Deno.test("no page weighs more than 150 kB, styles included", () =>
  withFullHome(async (_, { look }) => {
    const weigh = async (path: string) => new TextEncoder().encode((await look(path)).text).length;
    const styles = await weigh("/ui/style.css") + await weigh("/ui/dashboard.css");
    for (const path of ["/ui/", "/ui/connections", "/ui/apps/github", "/ui/audit"]) {
      const weight = await weigh(path) + styles;
      ok(weight < 150_000, `${path}: ${weight} bytes`);
    }
  }));
