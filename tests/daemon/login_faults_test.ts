/**
 * Logins that meet rude providers and odd callers: what the session says, what the page says, and
 * that nothing of a provider's answer reaches either, or the log.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Session } from "../../core/api.ts";
import { adoptSessions } from "../../daemon/auth_sessions.ts";
import { dropMidReply, flood, hang, html, json, type RudeAnswer } from "../support/rude_server.ts";
import { until } from "../support/until.ts";
import { CLIENT, LEAK, onStage, stateOf, tokens } from "./support/rude_login_stage.ts";
import { openTestDaemon, registerOwner } from "./support/test_daemon.ts";

const RUDE_REPLIES: readonly (readonly [string, RudeAnswer, RegExp])[] = [
  ["a 500 with a page", () => html(500), /the token endpoint answered http_500/],
  ["a 200 with a page", () => html(200), /the token endpoint answered/],
  ["a 500 with JSON", () => json({ trace: LEAK }, 500), /the token endpoint answered http_500/],
  ["10 MB", () => flood(10 << 20), /larger than 1048576 bytes/],
  ["half a reply", dropMidReply, /the connection failed/],
  ["a code that was used", () => json({ error: "invalid_grant" }, 400), /invalid_grant/],
  ["tokens of no use", () => json({ access_token: 7, note: LEAK }), /the token endpoint answered/],
];

for (const [what, answer, words] of RUDE_REPLIES) {
  Deno.test(`a login whose token endpoint answers with ${what} fails with our words`, async () => {
    await onStage({ "/token": answer }, async ({ begin, callback, session, owner }) => {
      const begun = await begin();

      const [status, page] = await callback({ code: "c-1", state: stateOf(begun) });

      ok(status >= 400, `${status}`);
      match(page, words);
      ok(!page.includes(LEAK) && !page.includes("Something went wrong"), page);
      const after = await session(begun.id);
      equal(after.status, "failed");
      match(after.error!, words);
      deepEqual(
        (await owner.json<{ connections: unknown[] }>("GET", "/connections")).connections,
        [],
      );
      // The client was typed in for a login that did not work: it is asked for again.
      const next = await owner.json<Session>("POST", "/auth/sessions", { provider: "acme" });
      ok(next.input_fields.some(({ name }) => name === "client_id"));
    });
  });
}

Deno.test("a login whose token endpoint hangs can be cancelled, and ends with the daemon", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = () => {
    asked.resolve();
    return hang();
  };
  await onStage({ "/token": answer }, async ({ begin, callback, session, owner, daemon }) => {
    const begun = await begin();
    const page = callback({ code: "c-1", state: stateOf(begun) });
    await asked.promise;
    equal((await session(begun.id)).status, "processing");

    const cancelled = await owner.json<Session>("DELETE", `/auth/sessions/${begun.id}`);
    equal(cancelled.status, "cancelled");
    await daemon.stop();

    await page;
    equal((await session(begun.id)).status, "cancelled");
  });
});

Deno.test("a login that is cancelled while the provider answers keeps nothing", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const token: RudeAnswer = () => {
    asked.resolve();
    return answer.promise;
  };
  await onStage({ "/token": token }, async ({ begin, callback, session, owner, daemon }) => {
    const begun = await begin();
    const page = callback({ code: "c-1", state: stateOf(begun) });
    await asked.promise;
    await owner.json<Session>("DELETE", `/auth/sessions/${begun.id}`);
    answer.resolve(tokens());

    match((await page)[1], /The login was cancelled/);
    equal((await session(begun.id)).status, "cancelled");
    const keys = await daemon.vault.keys("");
    deepEqual(keys.filter((key) => /connection|client/.test(key)), []);
    equal(daemon.audit.at(-1)?.status, "failure", "the log does not end with a success");
  });
});

Deno.test("a state is used once, by whoever comes first; another's and a made-up one do nothing", async () => {
  await onStage({ "/token": tokens }, async ({ begin, callback, session, server }) => {
    const begun = await begin();
    const made = await callback({ code: "c", state: "made-up" });
    deepEqual([made[0], /state is unknown/.test(made[1])], [400, true]);
    equal((await session(begun.id)).status, "waiting_for_user");

    const query = { code: "c-1", state: stateOf(begun), iss: server.origin };
    const pages = await Promise.all([callback(query), callback(query), callback(query)]);

    equal(pages.filter(([status]) => status === 200).length, 1);
    equal(server.requests.filter(({ path }) => path === "/token").length, 1);
    equal((await session(begun.id)).status, "completed");
    match((await callback(query))[1], /unknown or was used before/);
  });
});

Deno.test("an answer of another issuer ends the login before its code goes anywhere", async () => {
  await onStage({ "/token": tokens }, async ({ begin, callback, session, server }) => {
    const begun = await begin();

    const [status, page] = await callback({
      code: "c-1",
      state: stateOf(begun),
      iss: "https://attacker.example",
    });

    equal(status, 400);
    match(page, /the answer is not for this login/);
    equal((await session(begun.id)).status, "failed");
    equal(server.requests.length, 0);
  });
});

Deno.test("a person who says no is told so; the provider's page of words is not passed on", async () => {
  await onStage({}, async ({ begin, callback, session }) => {
    const begun = await begin();
    const query = { error: "access_denied", error_description: LEAK, state: stateOf(begun) };

    match((await callback(query))[1], /access was denied/);

    const { status, error } = await session(begun.id);
    deepEqual([status, error], ["failed", "Cannot log in to acme: access was denied"]);
  });
});

Deno.test("a person who closes the window: the login expires, for the terminal and for the page", async () => {
  await onStage({ "/token": tokens }, async ({ begin, callback, owner, daemon }) => {
    const begun = await begin();
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 301_000);

    const answer = await owner.call("GET", `/auth/sessions/${begun.id}`);
    deepEqual([answer.status, (await answer.json()).error], [410, "LoginExpiredError"]);
    const [status, page] = await callback({ code: "c-1", state: stateOf(begun) });
    deepEqual([status, /it has expired/.test(page)], [410, true]);
  });
});

Deno.test("a refused client is asked for again on the page, with the reason, and then works", async () => {
  const token: RudeAnswer = ({ form }) =>
    form.get("client_secret") === "right-secret"
      ? tokens()
      : json({ error: "invalid_client", error_description: `bad ${CLIENT.client_secret}` }, 401);
  await onStage({ "/token": token }, async ({ begin, session, daemon }) => {
    const begun = await begin();
    const response = await daemon.request(
      `/auth/callback/oauth?code=c-1&state=${stateOf(begun)}`,
    );
    equal(response.status, 303);
    const address = response.headers.get("location")!;
    equal(address, `/api/auth/sessions/${begun.id}/input`);

    const form = await (await daemon.request(address)).text();
    match(form, /invalid_client/);
    match(form, /Check the client ID and the client secret/);
    ok(!form.includes(CLIENT.client_secret), "a refused secret is not put back");
    const waiting = await session(begun.id);
    equal(waiting.status, "waiting_for_user");
    match(waiting.error!, /invalid_client/);

    const again = await daemon.request(address, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        form_token: /name="form_token" value="([^"]+)"/.exec(form)![1]!,
        client_id: "app-1",
        client_secret: "right-secret",
        scopes: "read write",
      }),
    });
    equal(again.status, 303);
    const url = new URL(again.headers.get("location")!);
    equal(url.searchParams.get("scope"), "read write");
    const done = await daemon.request(
      `/auth/callback/oauth?code=c-2&state=${url.searchParams.get("state")}`,
    );
    match(await done.text(), /Logged in to Acme/);
    equal((await session(begun.id)).error, null);
  }, { issuer: undefined });
});

Deno.test("a client that was kept and is refused now is asked for anew", async () => {
  let secret = CLIENT.client_secret;
  const token: RudeAnswer = ({ form }) =>
    form.get("client_secret") === secret ? tokens() : json({ error: "invalid_client" }, 401);
  await onStage({ "/token": token }, async ({ begin, callback, session, owner }) => {
    const first = await begin();
    await callback({ code: "c-1", state: stateOf(first) });
    equal((await session(first.id)).status, "completed");
    secret = "rotated-at-the-provider";

    const second = await begin({ force: true });
    await callback({ code: "c-2", state: stateOf(second) });

    const waiting = await session(second.id);
    deepEqual(waiting.input_fields.map(({ name }) => name), [
      "client_id",
      "client_secret",
      "scopes",
    ]);
    const path = `/auth/sessions/${second.id}/resume`;
    const data = { client_id: "app-1", client_secret: secret };
    const third = await owner.json<Session>("POST", path, { data });
    await callback({ code: "c-3", state: stateOf(third) });
    equal((await session(second.id)).status, "completed");
  });
});

Deno.test("a client that registered itself and was forgotten by the server registers anew", async () => {
  let registered = 0;
  let forgotten = "";
  const answers: Record<string, RudeAnswer> = {
    "/register": () => json({ client_id: `client-${++registered}` }, 201),
    "/token": ({ form }) =>
      form.get("client_id") === forgotten ? json({ error: "invalid_client" }, 401) : tokens(),
  };
  await onStage(answers, async ({ begin, callback, session }) => {
    const ends = [];
    for (const now of ["", "client-1", "client-1"]) {
      forgotten = now;
      const begun = await begin({ flow: "dcr_pkce", force: true });
      await callback({ code: "c", state: stateOf(begun) });
      ends.push((await session(begun.id)).status);
    }
    deepEqual(ends, ["completed", "failed", "completed"]);
    equal(registered, 2);
  }, { token_endpoint_auth_method: "none" });
});

Deno.test("a client that registered itself and is refused at a refresh registers anew", async () => {
  let registered = 0;
  const answers: Record<string, RudeAnswer> = {
    "/register": () => json({ client_id: `client-${++registered}` }, 201),
    "/token": ({ form }) =>
      form.get("grant_type") === "refresh_token"
        ? json({ error: "invalid_client", note: LEAK }, 401)
        : json({ access_token: "at", refresh_token: "rt", expires_in: 60 }),
  };
  await onStage(answers, async ({ begin, callback, session, owner, daemon }) => {
    const first = await begin({ flow: "dcr_pkce" });
    await callback({ code: "c", state: stateOf(first) });
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 120_000);

    const answer = await owner.call("POST", "/credentials/resolve", { provider: "acme" });
    const { error, message, hint } = await answer.json();
    const again = await begin({ flow: "dcr_pkce", force: true });
    await callback({ code: "c", state: stateOf(again) });

    deepEqual([error, hint], [
      "RefreshFailedError",
      "Run: authsome login acme --connection default --force",
    ]);
    match(message, /invalid_client$/);
    equal((await session(again.id)).status, "completed");
    equal(registered, 2);
  }, { token_endpoint_auth_method: "none" });
});

Deno.test("login --force registers anew where the login it replaces works no more", async () => {
  let registered = 0;
  const answers: Record<string, RudeAnswer> = {
    "/register": () => json({ client_id: `client-${++registered}` }, 201),
    "/token": ({ form }) =>
      form.get("grant_type") === "refresh_token"
        ? json({ error: "invalid_grant" }, 400)
        : json({ access_token: "at", refresh_token: "rt", expires_in: 60 }),
  };
  await onStage(answers, async ({ begin, callback, owner, daemon }) => {
    const client = (url: Session) =>
      new URL((url.next_action as { url: string }).url).searchParams.get("client_id");
    const first = await begin({ flow: "dcr_pkce" });
    await callback({ code: "c", state: stateOf(first) });
    const works = await begin({ flow: "dcr_pkce", force: true });
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 120_000);
    equal((await owner.call("POST", "/credentials/resolve", { provider: "acme" })).status, 409);

    const dead = await begin({ flow: "dcr_pkce", force: true });

    deepEqual([first, works, dead].map(client), ["client-1", "client-1", "client-2"]);
  }, { token_endpoint_auth_method: "none" });
});

Deno.test("a refused registration, missing metadata and a lying issuer end the login in our words", async () => {
  const metadata = (issuer: string) => () => json({ issuer, token_endpoint: `${issuer}/token` });
  const cases: readonly (readonly [Record<string, RudeAnswer>, Record<string, unknown>, string])[] =
    [
      [
        { "/register": () => json({ error: "access_denied", why: LEAK }, 403) },
        {},
        "ClientRegistrationError",
      ],
      [{ "/register": () => html(200) }, {}, "ClientRegistrationError"],
      [{}, { registration_endpoint: undefined }, "DiscoveryError"],
      [
        { "/.well-known/oauth-authorization-server": metadata("https://attacker.example") },
        { registration_endpoint: undefined },
        "DiscoveryError",
      ],
    ];
  for (const [answers, oauth, name] of cases) {
    await onStage(answers, async ({ owner, daemon }) => {
      const response = await owner.call("POST", "/auth/sessions", {
        provider: "acme",
        flow: "dcr_pkce",
      });
      const body = await response.text();
      deepEqual([response.status, JSON.parse(body).error], [502, name], body);
      ok(!body.includes(LEAK));
      deepEqual((await daemon.vault.keys("")).filter((key) => key.includes(":client")), []);
    }, oauth);
  }
});

Deno.test("--mcp at a server that says nothing, lies, or refuses registration registers no provider", async () => {
  const lying = { resource: "https://other.example/mcp", authorization_servers: [] };
  const wellKnown = "/.well-known/oauth-protected-resource/mcp";
  const server = "/.well-known/oauth-authorization-server";
  const cases: readonly Record<string, RudeAnswer>[] = [
    {},
    { [wellKnown]: () => json(lying) },
    { [wellKnown]: () => html(500), "/mcp": () => html(200) },
    {
      [server]: ({ headers }) => {
        const issuer = `https://${headers.get("host")}`;
        const registration_endpoint = `${issuer}/register`;
        const endpoints = { token_endpoint: `${issuer}/t`, authorization_endpoint: `${issuer}/a` };
        return json({ issuer, registration_endpoint, ...endpoints });
      },
      "/register": () => json({ error: "invalid_client_metadata", note: LEAK }, 400),
    },
    {
      [server]: ({ headers }) => {
        const issuer = `https://${headers.get("host")}`;
        const endpoints = { token_endpoint: `${issuer}/t`, authorization_endpoint: `${issuer}/a` };
        return json({ issuer, ...endpoints, code_challenge_methods_supported: ["plain"] });
      },
    },
  ];
  for (const answers of cases) {
    await onStage(answers, async ({ owner, daemon, server: { origin } }) => {
      const request = { mcp_url: `${origin}/mcp`, name: "tools", allow_private: true };
      const response = await owner.call("POST", "/auth/sessions", request);
      const body = await response.text();
      equal(response.status, 502, body);
      ok(!body.includes(LEAK));
      equal(daemon.broker.catalogue.find("tools"), null);
    });
  }
});

Deno.test("--mcp with the address of a server that is bundled logs in to the bundled provider", async () => {
  const bundled = {
    name: "linear-mcp",
    display_name: "Linear MCP",
    category: "mcp",
    auth_type: "oauth2",
    flows: ["dcr_pkce"],
    hosts: ["mcp.linear.test"],
    oauth: { registration_endpoint: "https://mcp.linear.test/register", client_id: "c" },
  };
  const daemon = await openTestDaemon({ providers: [bundled] });
  const owner = await registerOwner(daemon);
  const request = { mcp_url: "https://mcp.linear.test/mcp" };

  // It is the login that fails here, at a provider that cannot be reached.
  const answer = await (await owner.call("POST", "/auth/sessions", request)).json();

  equal(answer.provider, "linear-mcp");
  equal(daemon.broker.catalogue.all().length, 1);
  await daemon.stop();
});

Deno.test("a device login shows its code on a page, and says when the code has expired", async () => {
  const device = () =>
    json({
      device_code: "d-1",
      user_code: "ABCD-EFGH",
      verification_uri: "https://acme.test/device",
      expires_in: 600,
      interval: 1,
    });
  const token: RudeAnswer = () => json({ error: "expired_token", note: LEAK }, 400);
  await onStage({ "/device": device, "/token": token }, async ({ begin, session, daemon }) => {
    const begun = await begin({ flow: "device_code" });
    deepEqual([begun.status, begun.user_code], ["waiting_for_user", "ABCD-EFGH"]);
    match(await (await daemon.request(`/auth/sessions/${begun.id}/device`)).text(), /ABCD-EFGH/);

    await until(async () => (await session(begun.id)).status === "failed");

    equal((await session(begun.id)).error, "Cannot log in to acme: the code has expired");
    const page = await daemon.request(`/auth/sessions/${begun.id}/device`);
    match(await page.text(), /the code has expired/);
  });
});

Deno.test("a daemon that died in the middle of a step says so; one that waited goes on", async () => {
  const asked = Promise.withResolvers<void>();
  const answers: Record<string, RudeAnswer> = {
    "/token": () => {
      asked.resolve();
      return hang();
    },
  };
  await onStage(answers, async ({ begin, callback, session, daemon }) => {
    const waiting = await begin({ connection: "waiting" });
    const busy = await begin({ connection: "busy" });
    const page = callback({ code: "c-1", state: stateOf(busy) });
    await asked.promise;

    await adoptSessions(daemon.broker); // what the next daemon does with this vault

    equal((await session(waiting.id)).status, "waiting_for_user");
    const { status, error } = await session(busy.id);
    deepEqual([status, error], [
      "failed",
      "Cannot finish the login: the daemon was restarted in the middle of it",
    ]);
    await daemon.stop();
    await page;
  });
});

Deno.test("a session answers its owner alone, and never says whose it is", async () => {
  await onStage({}, async ({ begin, owner, daemon }) => {
    const begun = await begin();
    equal((await owner.call("GET", "/auth/sessions/sess_0")).status, 404);
    equal((await daemon.request(`/auth/sessions/${begun.id}`)).status, 401);
    equal((await daemon.request("/auth/sessions/sess_0/input")).status, 404);
  });
});
