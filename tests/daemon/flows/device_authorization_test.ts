import assert from "node:assert/strict";
import {
  AuthorizationResponseError,
  LoginExpiredError,
  TokenEndpointError,
  UnsupportedFlowError,
} from "../../../core/errors.ts";
import { deviceAuthorization } from "../../../daemon/flows/device_authorization.ts";
import type { LoginRequest, LoginStep, PollResult } from "../../../daemon/flows/flow.ts";
import { PUBLIC_CLIENT_ID, startAuthorizationServer } from "../../support/authorization_server.ts";
import { contextWith, loginTo, oauthProvider } from "../../support/oauth_provider.ts";
import {
  html,
  json,
  type RudeAnswer,
  type RudeServer,
  startRudeServer,
} from "../../support/rude_server.ts";

type DeviceStep = Extract<LoginStep, { type: "device" }>;

const CODES = {
  device_code: "dev-code-123456",
  user_code: "ABCD-EFGH",
  verification_uri: "https://acme.test/device",
  expires_in: 600,
  interval: 5,
};

function rudeLogin(server: RudeServer, oauth = {}): LoginRequest {
  return loginTo(oauthProvider({
    authorization_url: `${server.origin}/authorize`,
    token_url: `${server.origin}/token`,
    device_authorization_url: `${server.origin}/device`,
    client_id: "device-app",
    ...oauth,
  }));
}

async function begin(login: LoginRequest, server: { fetch: typeof fetch }): Promise<DeviceStep> {
  const step = await deviceAuthorization.begin(login, {}, contextWith(server.fetch));
  assert.equal(step.type, "device");
  return step as DeviceStep;
}

Deno.test("deviceAuthorization waits until the person confirmed, then has tokens", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(oauthProvider({
    authorization_url: `${server.issuer}/auth`,
    token_url: `${server.issuer}/token`,
    device_authorization_url: `${server.issuer}/device/auth`,
    client_id: PUBLIC_CLIENT_ID,
    scopes: ["openid", "email"],
  }));

  const step = await begin(login, server);
  const before = await deviceAuthorization.poll!(login, step.pending, context);
  await server.confirmDevice(step.verification_uri_complete!);
  const after = await deviceAuthorization.poll!(login, step.pending, context);

  assert.match(step.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.deepEqual(before, { type: "pending", interval_seconds: 5 });
  assert.equal(after.type, "granted");
  const { grant } = after as Extract<PollResult, { type: "granted" }>;
  assert.equal((await server.introspect(grant.secrets["access_token"]!.reveal())).active, true);
  assert.equal(grant.account.label, "alice@example.test");
});

for (
  const [name, answer, expected] of [
    [
      "authorization_pending: the pace stays",
      () => json({ error: "authorization_pending" }, 400),
      5,
    ],
    ["slow_down: five seconds more for good", () => json({ error: "slow_down" }, 400), 10],
    ["a pending that came with a 200", () => json({ error: "authorization_pending" }), 5],
    ["a pending in another field", () => json({ message: "authorization_pending" }, 400), 5],
    ["a 500 with a page: the pace doubles", () => html(500), 10],
    ["a 429", () => html(429), 10],
  ] as readonly (readonly [string, RudeAnswer, number])[]
) {
  Deno.test(`deviceAuthorization goes on after ${name}`, async () => {
    await using server = await startRudeServer({ "/device": () => json(CODES), "/token": answer });
    const login = rudeLogin(server);
    const { pending } = await begin(login, server);

    const result = await deviceAuthorization.poll!(login, pending, contextWith(server.fetch));

    assert.deepEqual(result, { type: "pending", interval_seconds: expected });
  });
}

const retryAfter = (seconds: string) => () =>
  new Response(null, { status: 429, headers: { "retry-after": seconds } });

// RFC 8628 section 3.5: the interval is the least that the client waits.
for (
  const [name, interval, answer, expected] of [
    ["a 429 that wants an answer at once", 5, retryAfter("0"), 5],
    ["a 429 that wants half a minute", 5, retryAfter("30"), 30],
    ["a 429 that wants an hour", 5, retryAfter("3600"), 60],
    ["a pending at two minutes", 120, () => json({ error: "authorization_pending" }, 400), 120],
    ["a slow_down at two minutes", 120, () => json({ error: "slow_down" }, 400), 125],
    ["a 500 at two minutes", 120, () => html(500), 120],
  ] as readonly (readonly [string, number, RudeAnswer, number])[]
) {
  Deno.test(`deviceAuthorization asks no faster than it may after ${name}`, async () => {
    await using server = await startRudeServer({
      "/device": () => json({ ...CODES, interval }),
      "/token": answer,
    });
    const login = rudeLogin(server);
    const { pending } = await begin(login, server);

    const result = await deviceAuthorization.poll!(login, pending, contextWith(server.fetch));

    assert.deepEqual(result, { type: "pending", interval_seconds: expected });
  });
}

Deno.test("deviceAuthorization goes on after a poll that nobody answered", async () => {
  await using server = await startRudeServer({ "/device": () => json(CODES) });
  const login = rudeLogin(server);
  const { pending } = await begin(login, server);
  const gone = contextWith(() => Promise.reject(new TypeError("connection refused")));

  const result = await deviceAuthorization.poll!(login, pending, gone);

  assert.deepEqual(result, { type: "pending", interval_seconds: 10 });
});

for (
  const [error, Class] of [
    ["access_denied", AuthorizationResponseError],
    ["expired_token", LoginExpiredError],
    ["invalid_grant", TokenEndpointError],
  ] as const
) {
  Deno.test(`deviceAuthorization ends with ${Class.name} after ${error}`, async () => {
    await using server = await startRudeServer({
      "/device": () => json(CODES),
      "/token": () => json({ error }, 400),
    });
    const login = rudeLogin(server);
    const { pending } = await begin(login, server);

    await assert.rejects(
      deviceAuthorization.poll!(login, pending, contextWith(server.fetch)),
      Class,
    );
  });
}

Deno.test("deviceAuthorization takes verification_url, a lifetime as text and no interval", async () => {
  await using server = await startRudeServer({
    "/device": () =>
      json({
        device_code: "d-code-1234",
        user_code: "123 456",
        verification_url: "https://acme.test/activate",
        expires_in: "1800",
      }),
  });
  const now = new Date("2026-01-01T00:00:00Z");
  const context = contextWith(server.fetch, { now: () => now });

  const step = await deviceAuthorization.begin(rudeLogin(server), {}, context) as DeviceStep;

  assert.equal(step.verification_uri, "https://acme.test/activate");
  assert.deepEqual(step.expires_at, new Date("2026-01-01T00:30:00Z"));
  assert.equal((step.pending as { interval_seconds: number }).interval_seconds, 5);
});

Deno.test("deviceAuthorization speaks Twitch's dialect: scopes in both requests", async () => {
  await using server = await startRudeServer({
    "/device": () => json(CODES),
    "/token": () => json({ access_token: "t", scope: ["user:read:email"], expires_in: 14400 }),
  });
  const login = rudeLogin(server, {
    device_scope_parameter: "scopes",
    scopes: ["user:read:email"],
  });

  const { pending } = await begin(login, server);
  const result = await deviceAuthorization.poll!(login, pending, contextWith(server.fetch));

  assert.deepEqual(server.requests.map(({ form }) => form.get("scopes")), [
    "user:read:email",
    "user:read:email",
  ]);
  const { grant } = result as Extract<PollResult, { type: "granted" }>;
  assert.deepEqual(grant.granted_scopes, ["user:read:email"]);
});

Deno.test("deviceAuthorization speaks Postiz's dialect: no client, a JSON poll", async () => {
  await using server = await startRudeServer({
    "/device": () => json(CODES),
    "/token": () => json({ access_token: "pos_123" }),
  });
  const { client_id: _, ...oauth } = oauthProvider({
    device_authorization_url: `${server.origin}/device`,
    token_url: `${server.origin}/token`,
    token_endpoint_auth_method: "none",
    device_token_request: "json",
  }).oauth!;
  const login = loginTo(oauthProvider(oauth));

  assert.deepEqual(deviceAuthorization.inputs(login), []);
  const { pending, client } = await begin(login, server);
  const result = await deviceAuthorization.poll!(login, pending, contextWith(server.fetch));

  assert.equal(result.type, "granted");
  assert.equal(client, null);
  assert.equal(server.requests[0]!.body, "");
  assert.deepEqual(JSON.parse(server.requests[1]!.body), { device_code: CODES.device_code });
});

Deno.test("deviceAuthorization speaks Zoom's and Webex's dialects: client in the query, own poll URL", async () => {
  await using server = await startRudeServer({
    "/device": () => json(CODES),
    "/device/token": () => json({ access_token: "t" }),
  });
  const login = rudeLogin(server, {
    device_client_id_in: "query",
    device_token_url: `${server.origin}/device/token`,
  });

  const { pending } = await begin(login, server);
  const result = await deviceAuthorization.poll!(login, pending, contextWith(server.fetch));

  assert.equal(server.requests[0]!.query.get("client_id"), "device-app");
  assert.equal(result.type, "granted");
});

for (
  const [name, answer] of [
    ["an error", () => json({ error: "unauthorized_client" }, 401)],
    ["a page", () => html(200)],
    ["no device code", () => json({ user_code: "A", verification_uri: "https://acme.test" })],
    [
      "a page to open that is no https URL",
      () => json({ ...CODES, verification_uri: "file:///x" }),
    ],
    ["a script to open", () => json({ ...CODES, verification_uri: "javascript:alert(1)" })],
  ] as readonly (readonly [string, RudeAnswer])[]
) {
  Deno.test(`deviceAuthorization fails when the device endpoint answers ${name}`, async () => {
    await using server = await startRudeServer({ "/device": answer });

    await assert.rejects(begin(rudeLogin(server), server), TokenEndpointError);
  });
}

Deno.test("deviceAuthorization refuses a provider without a device endpoint", async () => {
  await using server = await startRudeServer({});
  const { device_authorization_url: _, ...oauth } = rudeLogin(server).provider.oauth!;

  await assert.rejects(begin(loginTo(oauthProvider(oauth)), server), UnsupportedFlowError);
});
