import assert from "node:assert/strict";
import type { OAuthSettings } from "../../../core/provider.ts";
import { authorizationCode } from "../../../daemon/flows/authorization_code.ts";
import { type OAuthConnection, writeFacts } from "../../../daemon/oauth/connection_facts.ts";
import { planRefresh, refreshTokens } from "../../../daemon/oauth/refresh.ts";
import {
  type AuthorizationServer,
  PUBLIC_CLIENT_ID,
  startAuthorizationServer,
} from "../../support/authorization_server.ts";
import { NO_FACTS } from "../../support/no_facts.ts";
import { contextWith, loginTo, oauthProvider, typed } from "../../support/oauth_provider.ts";
import {
  dropMidReply,
  html,
  json,
  type RudeAnswer,
  startRudeServer,
} from "../../support/rude_server.ts";
import { typedClient } from "../../support/typed_client.ts";

const CLIENT = typedClient("app", "app-secret");

function connectionTo(
  token_url: string,
  settings: Partial<OAuthSettings> = {},
  more: Partial<OAuthConnection> = {},
): OAuthConnection {
  return {
    provider: oauthProvider({ token_url, ...settings }),
    flow: "pkce",
    base_url: null,
    scopes: null,
    secrets: typed({ access_token: "old-access", refresh_token: "old-refresh" }),
    metadata: {},
    client: CLIENT,
    ...more,
  };
}

/** A connection made by a real login. */
async function logIn(server: AuthorizationServer): Promise<OAuthConnection> {
  const provider = oauthProvider({
    authorization_url: `${server.issuer}/auth`,
    token_url: `${server.issuer}/token`,
    revocation_url: `${server.issuer}/token/revocation`,
    client_id: PUBLIC_CLIENT_ID,
    scopes: ["openid"],
  });
  const context = contextWith(server.fetch);
  const login = loginTo(provider);
  const step = await authorizationCode.begin(login, {}, context);
  assert(step.type === "authorize");
  const callback = await server.approve(step.url);
  const grant = await authorizationCode.complete!(login, step.pending, callback, context);
  return {
    provider,
    flow: "pkce",
    base_url: null,
    scopes: grant.granted_scopes,
    secrets: grant.secrets,
    metadata: grant.metadata,
    client: null,
  };
}

Deno.test("refreshTokens() rotates the refresh token of a real login", async () => {
  await using server = await startAuthorizationServer();
  const connection = await logIn(server);

  const outcome = await refreshTokens(connection, contextWith(server.fetch));

  assert(outcome.type === "refreshed");
  const { access_token, refresh_token } = outcome.renewal.secrets;
  assert.equal((await server.introspect(access_token!.reveal())).active, true);
  assert.notEqual(refresh_token!.reveal(), connection.secrets["refresh_token"]!.reveal());
});

Deno.test("refreshTokens() is told invalid_grant when a rotated token is used again", async () => {
  await using server = await startAuthorizationServer();
  const connection = await logIn(server);
  const first = await refreshTokens(connection, contextWith(server.fetch));

  const second = await refreshTokens(connection, contextWith(server.fetch));

  assert.equal(second.type === "rejected" && second.error.error, "invalid_grant");
  // Reuse detection: the whole grant is gone, which is why the broker must never let it happen.
  assert(first.type === "refreshed");
  const token = first.renewal.secrets["access_token"]!.reveal();
  assert.equal((await server.introspect(token)).active, false);
});

Deno.test("refreshTokens() keeps the refresh token where the reply has none", async () => {
  await using server = await startRudeServer({
    "/token": () => json({ access_token: "new-access", expires_in: "60" }),
  });
  const now = new Date("2026-01-01T00:00:00Z");
  const connection = connectionTo(`${server.origin}/token`);

  const outcome = await refreshTokens(connection, contextWith(server.fetch, { now: () => now }));

  assert(outcome.type === "refreshed");
  assert.equal(outcome.renewal.secrets["access_token"]!.reveal(), "new-access");
  assert.equal(outcome.renewal.secrets["refresh_token"]!.reveal(), "old-refresh");
  assert.deepEqual(outcome.renewal.expires_at, new Date("2026-01-01T00:01:00Z"));
});

Deno.test("refreshTokens() uses the refresh URL where there is one (Figma)", async () => {
  await using server = await startRudeServer({ "/refresh": () => json({ access_token: "n" }) });
  const connection = connectionTo(`${server.origin}/token`, {
    refresh_url: `${server.origin}/refresh`,
  });

  const outcome = await refreshTokens(connection, contextWith(server.fetch));

  assert.equal(outcome.type, "refreshed");
});

Deno.test("refreshTokens() exchanges the access token where that is how it goes (Meta)", async () => {
  await using server = await startRudeServer({ "/token": () => json({ access_token: "long" }) });
  const connection = connectionTo(`${server.origin}/token`, {
    refresh_params: { grant_type: "fb_exchange_token", fb_exchange_token: "{access_token}" },
  }, { secrets: typed({ access_token: "short-lived" }) });

  const outcome = await refreshTokens(connection, contextWith(server.fetch));

  assert.equal(outcome.type, "refreshed");
  const { form } = server.requests[0]!;
  assert.equal(form.get("grant_type"), "fb_exchange_token");
  assert.equal(form.get("fb_exchange_token"), "short-lived");
  assert.equal(form.has("refresh_token"), false);
});

Deno.test("refreshTokens() goes to the discovered endpoint with the resource it was for", async () => {
  await using server = await startRudeServer({ "/found": () => json({ access_token: "n" }) });
  const connection = connectionTo("https://never.test/token", {}, {
    metadata: writeFacts({
      ...NO_FACTS,
      client_id: "registered",
      token_endpoint_auth_method: "none",
      token_endpoint: `${server.origin}/found`,
      resource: "https://mcp.acme.test/mcp",
    }),
    client: null,
  });
  const allowed: string[] = [];
  const context = contextWith(server.fetch, { allowHosts: (hosts) => void allowed.push(...hosts) });

  const outcome = await refreshTokens(connection, context);

  assert.equal(outcome.type, "refreshed");
  assert.deepEqual(allowed, [new URL(server.origin).host], "no definition names it");
  const { form } = server.requests[0]!;
  assert.equal(form.get("resource"), "https://mcp.acme.test/mcp");
  assert.equal(form.get("client_id"), "registered");
});

for (
  const [name, answer, answered, retry] of [
    ["a 500 page", () => html(500), true, null],
    ["temporarily_unavailable", () => json({ error: "temporarily_unavailable" }, 503), true, null],
    ["invalid_client", () => json({ error: "invalid_client" }, 401), true, null],
    ["half a reply", dropMidReply, false, null],
    [
      "Retry-After",
      () => new Response(null, { status: 503, headers: { "retry-after": "30" } }),
      true,
      30,
    ],
  ] as readonly (readonly [string, RudeAnswer, boolean, number | null])[]
) {
  Deno.test(`refreshTokens() fails without giving up the token after ${name}`, async () => {
    await using server = await startRudeServer({ "/token": answer });
    const connection = connectionTo(`${server.origin}/token`);

    const outcome = await refreshTokens(connection, contextWith(server.fetch));

    assert(outcome.type === "failed", outcome.type);
    assert.equal(outcome.answered, answered);
    assert.equal(outcome.retry_after_seconds, retry);
    assert.doesNotMatch(JSON.stringify(outcome.error.toEnvelope()), /old-refresh|app-secret/);
  });
}

Deno.test("refreshTokens() says why there is nothing to refresh with", async () => {
  const nobody = contextWith(() => Promise.reject(new Error("must not be asked")));
  const bound = writeFacts({
    ...NO_FACTS,
    client_id: "another-app",
    token_endpoint_auth_method: "client_secret_post",
  });
  const cases = {
    "the provider gave no refresh token": { secrets: typed({ access_token: "a" }) },
    "the OAuth client it was made with is gone": { metadata: bound },
  };

  for (const [reason, more] of Object.entries(cases)) {
    const connection = connectionTo("https://acme.test/token", {}, more);
    assert.deepEqual(await refreshTokens(connection, nobody), { type: "impossible", reason });
    assert.equal(planRefresh(connection), reason);
  }
});

Deno.test("refreshTokens() rejects only when the daemon itself stops", async () => {
  const stop = new AbortController();
  const context = contextWith(() => {
    stop.abort(new Error("stopping"));
    return Promise.reject(new TypeError("aborted"));
  }, { signal: stop.signal });

  await assert.rejects(refreshTokens(connectionTo("https://acme.test/token"), context), {
    message: "stopping",
  });
});
