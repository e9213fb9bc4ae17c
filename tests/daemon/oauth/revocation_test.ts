import assert from "node:assert/strict";
import type { OAuthSettings, RevocationStyle } from "../../../core/provider.ts";
import type { OAuthConnection } from "../../../daemon/oauth/connection_facts.ts";
import { revokeTokens } from "../../../daemon/oauth/revocation.ts";
import { CONFIDENTIAL, startAuthorizationServer } from "../../support/authorization_server.ts";
import { contextWith, oauthProvider, typed } from "../../support/oauth_provider.ts";
import { hang, html, json, type RudeAnswer, startRudeServer } from "../../support/rude_server.ts";
import { typedClient } from "../../support/typed_client.ts";

function connection(
  settings: Partial<OAuthSettings>,
  more: Partial<OAuthConnection> = {},
): OAuthConnection {
  return {
    provider: oauthProvider(settings),
    flow: "pkce",
    base_url: null,
    scopes: null,
    secrets: typed({ access_token: "acc-ess-1", refresh_token: "re/fresh-1" }),
    metadata: { stripe_user_id: "acct_1" },
    client: typedClient(CONFIDENTIAL.client_id, CONFIDENTIAL.client_secret),
    ...more,
  };
}

Deno.test("revokeTokens() revokes at a real server (RFC 7009)", async () => {
  await using server = await startAuthorizationServer();
  const response = await server.fetch(`${server.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", ...CONFIDENTIAL }),
  });
  const { access_token } = await response.json() as { access_token: string };
  assert.equal((await server.introspect(access_token)).active, true);

  const outcomes = await revokeTokens(
    connection(
      {
        revocation_url: `${server.issuer}/token/revocation`,
        token_endpoint_auth_method: "client_secret_basic",
      },
      { secrets: typed({ access_token }) },
    ),
    contextWith(server.fetch),
  );

  assert.deepEqual(outcomes, [{ token: "access_token", outcome: "revoked", detail: null }]);
  assert.equal((await server.introspect(access_token)).active, false);
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

const BASIC = `Basic ${btoa("test-app:s3cret%2Fwith%2Bodd%3Dcharacters")}`;
const CLIENT = { ...CONFIDENTIAL };

for (
  const [name, path, style, expected] of [
    ["Notion: JSON with Basic", "/revoke", {
      method: "POST",
      authentication: "client_secret_basic",
      format: "json",
      body: { token: "{token}" },
      tokens: ["access_token"],
    }, { method: "POST", path: "/revoke", authorization: BASIC, body: { token: "acc-ess-1" } }],
    ["HubSpot: the token in the path", "/refresh-tokens/{refresh_token}", {
      method: "DELETE",
      authentication: "none",
      format: "none",
      body: {},
      tokens: ["refresh_token"],
    }, { method: "DELETE", path: "/refresh-tokens/re%2Ffresh-1", authorization: null, body: "" }],
    ["GitHub: DELETE with a body and the client in the path", "/applications/{client_id}/token", {
      method: "DELETE",
      authentication: "client_secret_basic",
      format: "json",
      body: { access_token: "{access_token}" },
      tokens: ["access_token"],
    }, {
      method: "DELETE",
      path: "/applications/test-app/token",
      authorization: BASIC,
      body: { access_token: "acc-ess-1" },
    }],
    ["Dropbox: the token itself as Bearer", "/revoke", {
      method: "POST",
      authentication: "bearer_token",
      format: "none",
      body: {},
      tokens: ["access_token"],
    }, { method: "POST", path: "/revoke", authorization: "Bearer acc-ess-1", body: "" }],
    ["Square: the secret in a scheme of its own", "/revoke", {
      method: "POST",
      authentication: "client_secret_header",
      format: "json",
      body: { client_id: "{client_id}", access_token: "{token}" },
      tokens: ["access_token"],
    }, {
      method: "POST",
      path: "/revoke",
      authorization: `Client ${CLIENT.client_secret}`,
      body: { client_id: CLIENT.client_id, access_token: "acc-ess-1" },
    }],
    ["Stripe: the account and the secret as Bearer", "/deauthorize", {
      method: "POST",
      authentication: "client_secret_bearer",
      format: "form",
      body: { client_id: "{client_id}", stripe_user_id: "{stripe_user_id}" },
      tokens: ["access_token"],
    }, {
      method: "POST",
      path: "/deauthorize",
      authorization: `Bearer ${CLIENT.client_secret}`,
      body: `client_id=${CLIENT.client_id}&stripe_user_id=acct_1`,
    }],
    ["Supabase: everything in JSON", "/revoke", {
      method: "POST",
      authentication: "client_secret_post",
      format: "json",
      body: { refresh_token: "{refresh_token}" },
      tokens: ["refresh_token"],
    }, {
      method: "POST",
      path: "/revoke",
      authorization: null,
      body: { refresh_token: "re/fresh-1", ...CLIENT },
    }],
  ] as readonly (readonly [string, string, RevocationStyle, Sent])[]
) {
  Deno.test(`revokeTokens() speaks the dialect of ${name}`, async () => {
    await using server = await startRudeServer({ [expected.path]: () => json({}) });

    const [outcome] = await revokeTokens(
      connection({ revocation_url: server.origin + path, revocation: style }),
      contextWith(server.fetch),
    );

    assert.deepEqual(outcome, { token: style.tokens[0], outcome: "revoked", detail: null });
    const [request] = server.requests;
    assert.deepEqual({
      method: request!.method,
      path: request!.path,
      authorization: request!.headers.get("authorization"),
      body: request!.body.startsWith("{") ? JSON.parse(request!.body) : request!.body,
    }, expected);
  });
}

for (
  const [name, answer, expected] of [
    ["an empty 200", () => new Response(null), { outcome: "revoked", detail: null }],
    ["a 204", () => new Response(null, { status: 204 }), { outcome: "revoked", detail: null }],
    ["Slack's 200 that is an error", () => json({ ok: false, error: "not_authed" }), {
      outcome: "refused",
      detail: "not_authed",
    }],
    ["an error", () => json({ error: "unsupported_token_type" }, 400), {
      outcome: "refused",
      detail: "unsupported_token_type",
    }],
    ["the token itself in an error", () => json({ error: "x", message: "re/fresh-1?" }, 400), {
      outcome: "refused",
      detail: "x: ***REDACTED***?",
    }],
    ["a page", () => html(503), { outcome: "refused", detail: "http_503" }],
  ] as readonly (readonly [string, RudeAnswer, object])[]
) {
  Deno.test(`revokeTokens() reports ${name}`, async () => {
    await using server = await startRudeServer({ "/revoke": answer });
    const settings = { revocation_url: `${server.origin}/revoke`, error_field: "ok" };

    const [outcome] = await revokeTokens(connection(settings), contextWith(server.fetch));

    assert.deepEqual(outcome, { token: "refresh_token", ...expected });
  });
}

Deno.test("revokeTokens() goes on with the next token when one is not answered", async () => {
  await using server = await startRudeServer({ "/revoke": hang });
  const settings = { revocation_url: `${server.origin}/revoke` };

  const outcomes = await revokeTokens(
    connection(settings),
    contextWith(server.fetch, { timeoutMs: 50 }),
  );

  assert.deepEqual(outcomes.map(({ token, outcome }) => [token, outcome]), [
    ["refresh_token", "unreachable"],
    ["access_token", "unreachable"],
  ]);
});

Deno.test("revokeTokens() says that a provider has no revocation", async () => {
  const nobody = contextWith(() => Promise.reject(new Error("must not be asked")));

  const outcomes = await revokeTokens(connection({}), nobody);

  assert.deepEqual(outcomes.map(({ outcome }) => outcome), ["not_supported", "not_supported"]);
});
