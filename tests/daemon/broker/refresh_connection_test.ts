/**
 * When a token is refreshed, how often, and what callers get meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection } from "../../../core/connection.ts";
import { CredentialMissingError, TokenExpiredError } from "../../../core/errors.ts";
import { exportCredentials } from "../../../daemon/broker/export_credentials.ts";
import { listConnections, showConnection } from "../../../daemon/broker/list_connections.ts";
import { resolveCredential } from "../../../daemon/broker/resolve_credential.ts";
import { readConnectionState } from "../../../daemon/records/connection_state.ts";
import { CONFIDENTIAL, startAuthorizationServer } from "../../support/authorization_server.ts";
import { typed } from "../../support/oauth_provider.ts";
import { html, json, startRudeServer } from "../../support/rude_server.ts";
import { openOAuthDaemon, OWNER, REF } from "../support/oauth_daemon.ts";
import { rotatingEndpoint } from "../support/rotating_endpoint.ts";

Deno.test("a token is used as it is until the refresh window begins", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3299);

  assert.equal(await acme.resolve(), "Bearer access-0");
  assert.deepEqual(token.redeemed, []);
});

Deno.test("inside the window the token is handed out at once and refreshed behind the caller", async () => {
  const answered = Promise.withResolvers<void>();
  const token = rotatingEndpoint({ before: () => answered.promise });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3400);

  const meanwhile = [await acme.resolve(), await acme.resolve()];
  answered.resolve();
  await acme.daemon.broker.refreshes.settle(10_000);

  assert.deepEqual(meanwhile, ["Bearer access-0", "Bearer access-0"]);
  assert.equal(await acme.resolve(), "Bearer access-1");
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});

Deno.test("a token that lives shorter than the window is not refreshed for every request", async () => {
  const token = rotatingEndpoint({ expires_in: 60 });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect({ expires_at: new Date(acme.daemon.clock.now.getTime() + 1000) });
  acme.pass(1);

  const first = await acme.resolve();
  acme.pass(40);
  const second = await acme.resolve();
  acme.pass(20);

  assert.deepEqual([first, second], ["Bearer access-1", "Bearer access-1"]);
  assert.equal(await acme.resolve(), "Bearer access-2");
  assert.equal(token.redeemed.length, 2);
});

Deno.test("1,000 resolves at the moment of expiry lead to exactly one token request", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  const answers = await Promise.all(Array.from({ length: 1000 }, () => acme.resolve()));

  assert.deepEqual([...new Set(answers)], ["Bearer access-1"]);
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});

Deno.test("1,000 callers whose token was refused lead to exactly one token request", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(10);
  const rejected_at = acme.daemon.clock.now.toISOString();
  acme.pass(1);

  const early = Array.from({ length: 500 }, () => acme.resolve({ rejected_at }));
  const first = await Promise.all(early);
  const late = await Promise.all(
    Array.from({ length: 500 }, () => acme.resolve({ rejected_at })),
  );

  assert.deepEqual([...new Set([...first, ...late])], ["Bearer access-1"]);
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});

Deno.test("a token that tells no expiry is renewed when it is refused, once for all who had it", async () => {
  const token = rotatingEndpoint({ expires_in: null });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect({ expires_at: null });
  const { broker } = acme.daemon;
  const refused = await resolveCredential(broker, OWNER, { provider: "acme" });
  const question = { provider: "acme", rejected_at: refused.obtained_at };
  acme.pass(86_400);

  const first = await resolveCredential(broker, OWNER, question);
  acme.pass(1);
  const late = await resolveCredential(broker, OWNER, question);

  assert.deepEqual([refused.refreshable, refused.expires_at], [true, null]);
  assert.deepEqual([first, late].map(({ headers }) => headers["authorization"]), [
    "Bearer access-1",
    "Bearer access-1",
  ]);
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});

Deno.test("a credential says whether it can be refreshed", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("nobody is asked")));
  const ask = async (more: Partial<Connection>): Promise<boolean> => {
    await acme.connect({ connection_name: "other", ...more });
    const question = { provider: "acme", connection: "other" };
    return (await resolveCredential(acme.daemon.broker, OWNER, question)).refreshable;
  };
  const secrets = typed({ access_token: "access-0" });

  assert.equal(await ask({}), true);
  assert.equal(await ask({ secrets }), false);
  assert.equal(await ask({ secrets, flow: "client_credentials" }), true);
});

Deno.test("a caller that goes away cancels nothing", async () => {
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const token = rotatingEndpoint({
    before: async () => {
      arrived.resolve();
      await answered.promise;
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);
  // As a route is called: the runtime goes on with a handler whose client is gone.
  await using http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    return new Response(await acme.resolve());
  });
  const away = new AbortController();
  const request = fetch(`http://127.0.0.1:${http.addr.port}/`, { signal: away.signal });
  await arrived.promise;

  away.abort();
  await assert.rejects(request, { name: "AbortError" });
  answered.resolve();
  await acme.daemon.broker.refreshes.settle(10_000);

  assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "refresh-1");
  assert.equal(await acme.resolve(), "Bearer access-1");
});

Deno.test("a token that is still valid is used when its refresh fails", async () => {
  await using server = await startRudeServer({ "/token": () => html(500) });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();

  acme.pass(3400);
  const inTheWindow = await acme.resolve();
  await acme.daemon.broker.refreshes.settle(10_000);
  acme.pass(197);
  const inTheLastSeconds = await acme.resolve();
  acme.pass(3);

  assert.deepEqual([inTheWindow, inTheLastSeconds], ["Bearer access-0", "Bearer access-0"]);
  await assert.rejects(acme.resolve(), { code: "refresh_failed" });
});

Deno.test("a failing endpoint is asked less and less often", async () => {
  const asked: number[] = [];
  await using server = await startRudeServer({
    "/token": () => {
      asked.push(acme.daemon.clock.now.getTime());
      return html(503);
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);
  const start = acme.daemon.clock.now.getTime();

  for (let second = 0; second < 900; second++) {
    await acme.resolve().catch(() => {});
    acme.pass(1);
  }

  const seconds = asked.map((time) => (time - start) / 1000);
  assert.deepEqual(seconds, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811]);
});

Deno.test("a provider's Retry-After is kept, and the wait ends with a success", async () => {
  const replies = [
    new Response("{}", { status: 429, headers: { "retry-after": "20" } }),
    json({ access_token: "access-1", token_type: "Bearer", expires_in: 60 }),
  ];
  await using server = await startRudeServer({ "/token": () => replies.shift()! });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  await assert.rejects(acme.resolve(), { code: "refresh_failed" });
  acme.pass(19);
  await assert.rejects(acme.resolve(), /the next try is in 1 s/);
  acme.pass(1);

  assert.equal(await acme.resolve(), "Bearer access-1");
});

Deno.test("a Retry-After of nothing makes no storm: the usual waits hold", async () => {
  let asked = 0;
  await using server = await startRudeServer({
    "/token": () => {
      asked++;
      return new Response("{}", { status: 503, headers: { "retry-after": "0" } });
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  for (let i = 0; i < 5; i++) await assert.rejects(acme.resolve(), { code: "refresh_failed" });

  assert.equal(asked, 1);
});

Deno.test("clocks that step neither stop refreshes nor cause a storm of them", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  const { broker } = acme.daemon;
  const answers: string[] = [];
  const ask = async () => {
    for (let n = 0; n < 10; n++) {
      answers.push(await acme.resolve());
      await broker.refreshes.settle(10_000);
    }
  };

  for (const step of [86_400, -86_400 * 30, 86_400 * 60, -1, 1]) {
    acme.pass(step);
    await ask();
  }

  assert.equal(token.redeemed.length, 3, "once for each long step");
  assert.deepEqual(token.reused, []);
  assert.equal(answers.at(-1), "Bearer access-3");
});

Deno.test("a back-off and a claim from a clock that was set back do not last for days", async () => {
  const replies = [html(500), json({ access_token: "access-1", expires_in: 60 })];
  await using server = await startRudeServer({ "/token": () => replies.shift()! });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(86_400);
  await assert.rejects(acme.resolve(), { code: "refresh_failed" });

  acme.pass(-86_400 + 3600);

  assert.equal(await acme.resolve(), "Bearer access-1");
});

Deno.test("client credentials are refreshed by the grant itself, at a certified server", async () => {
  await using server = await startAuthorizationServer();
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: {
      token_url: `${server.issuer}/token`,
      token_endpoint_auth_method: "client_secret_basic",
      scopes: ["read"],
    },
  });
  await acme.connect({
    flow: "client_credentials",
    secrets: typed({ access_token: "old", ...CONFIDENTIAL }),
  });
  acme.pass(3600);

  const header = await acme.resolve();

  assert.notEqual(header, "Bearer old");
  assert.equal((await server.introspect(header.slice("Bearer ".length))).active, true);
  assert.deepEqual(server.served.map(({ parameters }) => parameters["grant_type"]).slice(0, 1), [
    "client_credentials",
  ]);
});

for (
  const [name, fields, lifetime, refresh] of [
    ["without an expiry", {}, null, "refresh-0"],
    ["with its expiry as text", { expires_in: "120" }, 120, "refresh-0"],
    [
      "with fields nobody knows",
      { expires_in: 120, extra: { a: [1] }, scope2: 3 },
      120,
      "refresh-0",
    ],
    ["without a refresh token", { expires_in: 120 }, 120, "refresh-0"],
    ["with an empty refresh token", { expires_in: 120, refresh_token: "" }, 120, "refresh-0"],
    ["with a new refresh token", { expires_in: 120, refresh_token: "r1" }, 120, "r1"],
  ] as const
) {
  Deno.test(`a reply ${name} is understood, and no old refresh token is lost`, async () => {
    await using server = await startRudeServer({
      "/token": () => json({ access_token: "access-1", token_type: "bearer", ...fields }),
    });
    await using acme = await openOAuthDaemon(server.fetch, {
      oauth: { token_url: `${server.origin}/token` },
    });
    await acme.connect();
    acme.pass(3600);

    assert.equal(await acme.resolve(), "Bearer access-1");
    const { secrets, expires_at, account } = await acme.stored();
    const left = expires_at === null
      ? null
      : (expires_at.getTime() - acme.daemon.clock.now.getTime()) / 1000;
    assert.equal(left, lifetime);
    assert.equal(secrets["refresh_token"]!.reveal(), refresh);
    assert.deepEqual(account, { id: "42", label: "alice@example.test" });
  });
}

Deno.test("scopes that the refresh narrowed are stored and shown", async () => {
  await using server = await startRudeServer({
    "/token": () => json({ access_token: "access-1", expires_in: 60, scope: "read" }),
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect({ scopes: ["read", "write"] });
  acme.pass(3600);

  await acme.resolve();

  assert.deepEqual((await acme.stored()).scopes, ["read"]);
});

Deno.test("without a refresh token a token is used to its end, and nothing is written for it", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("nobody to ask")));
  await acme.connect({ secrets: typed({ access_token: "access-0" }) });
  acme.pass(3500);
  const writes = countWrites(acme.daemon.vault);

  const header = await acme.resolve();
  await acme.daemon.broker.refreshes.settle(10_000);

  assert.equal(header, "Bearer access-0");
  assert.equal(writes(), 0);
  acme.pass(100);
  await assert.rejects(acme.resolve(), (error) =>
    error instanceof TokenExpiredError &&
    error.hint === "Run: authsome login acme --connection default --force");
});

Deno.test("a failure leaves the time of the last success", async () => {
  const replies = [json({ access_token: "access-1", expires_in: 60 }), html(500)];
  await using server = await startRudeServer({ "/token": () => replies.shift()! });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);
  await acme.resolve();
  const success = acme.daemon.clock.now;
  acme.pass(60);
  await assert.rejects(acme.resolve());

  const state = await readConnectionState(acme.daemon.vault, OWNER.vault_id, REF);

  assert.deepEqual(state.last_refresh_at, success);
  assert.deepEqual(state.last_failure_at, acme.daemon.clock.now);
  assert.match(state.last_refresh_error!, /http_500/);
});

Deno.test("a refresh that fails is seen in lists, on the connection, and no more once it works", async () => {
  const replies = [
    html(500),
    json({ error: "temporarily_unavailable" }, 400),
    json({ access_token: "access-1", expires_in: 60 }),
  ];
  await using server = await startRudeServer({ "/token": () => replies.shift()! });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  const { broker } = acme.daemon;
  const seen = async () => {
    const { refresh } = await showConnection(broker, OWNER, REF, false);
    const { connections } = await listConnections(broker, OWNER);
    return { ...refresh, listed: connections[0]!.connections[0]!.refresh_error };
  };
  const iso = (seconds: number) =>
    new Date(acme.daemon.clock.now.getTime() + seconds * 1000).toISOString();
  const never = {
    last_refresh_at: null,
    last_refresh_error: null,
    last_failure_at: null,
    failures: 0,
    next_attempt_at: null,
    listed: null,
  };
  assert.deepEqual(await seen(), never);

  acme.pass(3600);
  await assert.rejects(acme.resolve());
  const first = "the token endpoint answered http_500";
  assert.deepEqual(await seen(), {
    ...never,
    last_refresh_error: first,
    listed: first,
    last_failure_at: iso(0),
    failures: 1,
    next_attempt_at: iso(1),
  });

  acme.pass(1);
  await assert.rejects(acme.resolve());
  assert.match((await seen()).listed!, /answered temporarily_unavailable$/);
  acme.pass(2);
  await acme.resolve();

  assert.deepEqual(await seen(), { ...never, last_refresh_at: iso(0) });
});

Deno.test("nobody is logged in: that is what is said", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("nobody to ask")));

  await assert.rejects(acme.resolve(), CredentialMissingError);
});

function countWrites(vault: { write: (changes: never) => Promise<void> }): () => number {
  const write = vault.write.bind(vault);
  let count = 0;
  vault.write = (changes: never) => {
    count++;
    return write(changes);
  };
  return () => count;
}

Deno.test("export refreshes an expired token first, and gives the new one", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3700);

  const { credentials } = await exportCredentials(acme.daemon.broker, OWNER, {
    provider: "acme",
    format: "json",
  });

  assert.deepEqual(Object.values(credentials), ["access-1"]);
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});
