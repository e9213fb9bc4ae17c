import assert from "node:assert/strict";
import {
  AuthorizationResponseError,
  InvalidInputError,
  TokenEndpointError,
} from "../../../core/errors.ts";
import type { OAuthSettings, ProviderDefinition } from "../../../core/provider.ts";
import { authorizationCode } from "../../../daemon/flows/authorization_code.ts";
import type { FlowContext, LoginRequest, LoginStep } from "../../../daemon/flows/flow.ts";
import {
  type AuthorizationServer,
  CONFIDENTIAL,
  PUBLIC_CLIENT_ID,
  startAuthorizationServer,
} from "../../support/authorization_server.ts";
import { contextWith, loginTo, oauthProvider, typed } from "../../support/oauth_provider.ts";
import { typedClient } from "../../support/typed_client.ts";

type Authorize = Extract<LoginStep, { type: "authorize" }>;

function providerOf(
  server: AuthorizationServer,
  more: Partial<OAuthSettings> = {},
): ProviderDefinition {
  return oauthProvider({
    authorization_url: `${server.issuer}/auth`,
    token_url: `${server.issuer}/token`,
    issuer: server.issuer,
    token_endpoint_auth_method: "client_secret_basic",
    scopes: ["openid", "email"],
    ...more,
  });
}

async function begin(
  login: LoginRequest,
  context: FlowContext,
  values: Record<string, string> = { ...CONFIDENTIAL },
): Promise<Authorize> {
  const step = await authorizationCode.begin(login, typed(values), context);
  assert.equal(step.type, "authorize");
  return step as Authorize;
}

Deno.test("authorizationCode logs in with PKCE, a nonce and the issuer checked", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server));

  const step = await begin(login, context);
  const callback = await server.approve(step.url);
  const grant = await authorizationCode.complete!(login, step.pending, callback, context);

  assert.equal((await server.introspect(grant.secrets["access_token"]!.reveal())).active, true);
  assert.deepEqual(grant.granted_scopes, ["openid", "email"]);
  assert.deepEqual(grant.account, { id: "alice", label: "alice@example.test" });
  assert(grant.secrets["refresh_token"] !== undefined);
  assert(grant.expires_at! > new Date());
  assert.equal(step.client?.client_id, CONFIDENTIAL.client_id, "typed in, so to be kept");
});

for (const method of ["client_secret_basic", "client_secret_post"] as const) {
  Deno.test(`authorizationCode authenticates its client with ${method}`, async () => {
    await using server = await startAuthorizationServer();
    const context = contextWith(server.fetch);
    const login = loginTo(providerOf(server, { token_endpoint_auth_method: method }));

    const step = await begin(login, context);
    const callback = await server.approve(step.url);
    const grant = await authorizationCode.complete!(login, step.pending, callback, context);

    assert.equal((await server.introspect(grant.secrets["access_token"]!.reveal())).active, true);
  });
}

Deno.test("authorizationCode says what to do when the client secret is wrong", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server));
  const { client_id } = CONFIDENTIAL;
  const step = await begin(login, context, { client_id, client_secret: "wr0ng-secret" });
  const callback = await server.approve(step.url);

  await assert.rejects(
    authorizationCode.complete!(login, step.pending, callback, context),
    (error: TokenEndpointError) => {
      assert.match(error.message, /invalid_client/);
      assert.match(error.hint!, /authsome revoke acme/);
      assert(!JSON.stringify(error.toEnvelope()).includes("wr0ng-secret"));
      return true;
    },
  );
});

Deno.test("authorizationCode logs in a public client without a secret", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server, { client_id: PUBLIC_CLIENT_ID }));

  assert.deepEqual(authorizationCode.inputs(login), [], "the definition ships the client");
  const step = await begin(login, context, {});
  const callback = await server.approve(step.url);
  const grant = await authorizationCode.complete!(login, step.pending, callback, context);

  assert.equal((await server.introspect(grant.secrets["access_token"]!.reveal())).active, true);
  assert.equal(step.client, null);
});

Deno.test("authorizationCode tells that the person said no", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server));
  const step = await begin(login, context);

  const callback = await server.deny(step.url);

  await assert.rejects(
    authorizationCode.complete!(login, step.pending, callback, context),
    { name: "AuthorizationResponseError", message: "Cannot log in to acme: access was denied" },
  );
});

Deno.test("authorizationCode is refused the second time a code is used", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server));
  const step = await begin(login, context);
  const callback = await server.approve(step.url);

  const grant = await authorizationCode.complete!(login, step.pending, callback, context);
  const again = authorizationCode.complete!(login, step.pending, callback, context);

  await assert.rejects(again, (error) => {
    assert(error instanceof TokenEndpointError);
    assert.match(error.message, /invalid_grant/);
    return true;
  });
  // RFC 6749 section 4.1.2: and the first use is revoked with it.
  assert.equal((await server.introspect(grant.secrets["access_token"]!.reveal())).active, false);
});

Deno.test("authorizationCode does not exchange a code that belongs to another login", async () => {
  await using server = await startAuthorizationServer();
  const context = contextWith(server.fetch);
  const login = loginTo(providerOf(server));
  const [mine, theirs] = [await begin(login, context), await begin(login, context)];

  // An attacker's code, put into our callback with our state: PKCE is what stops it.
  const callback = await server.approve(theirs.url);
  callback.set("state", new URL(mine.url).searchParams.get("state")!);

  await assert.rejects(
    authorizationCode.complete!(login, mine.pending, callback, context),
    TokenEndpointError,
  );
});

for (
  const [name, change, message] of [
    ["the issuer of another server (mix-up)", { iss: "https://evil.test" }, /"iss"/],
    ["another state", { state: "someone-elses" }, /"state"/],
    ["no code", { code: null }, /holds no code/],
    ["an access token in place of a code", { token: "t" }, /implicit|not for this login/],
  ] as const
) {
  Deno.test(`authorizationCode refuses an answer with ${name} before it asks for tokens`, async () => {
    const context = contextWith(() => Promise.reject(new Error("must not be asked")));
    const provider = oauthProvider({
      authorization_url: "https://acme.test/auth",
      token_url: "https://acme.test/token",
      client_id: "c",
    });
    const login = loginTo(provider);
    const step = await begin(login, context, {});
    const callback = new URLSearchParams({
      code: "abc",
      state: new URL(step.url).searchParams.get("state")!,
      iss: "https://acme.test",
    });
    for (const [key, value] of Object.entries(change)) {
      if (value === null) callback.delete(key);
      else callback.set(key, value);
    }

    await assert.rejects(
      authorizationCode.complete!(login, step.pending, callback, context),
      (error) => {
        assert(error instanceof AuthorizationResponseError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

Deno.test("authorizationCode cleans the description of an error response", async () => {
  const context = contextWith(() => Promise.reject(new Error("must not be asked")));
  const provider = oauthProvider({
    authorization_url: "https://acme.test/auth",
    token_url: "https://acme.test/token",
    client_id: "c",
  });
  const login = loginTo(provider);
  const step = await begin(login, context, {});
  const callback = new URLSearchParams({
    state: new URL(step.url).searchParams.get("state")!,
    error: "server_error",
    error_description: `\x1b[2J<script>alert(1)</script>\u202e${"x".repeat(5000)}`,
  });

  await assert.rejects(
    authorizationCode.complete!(login, step.pending, callback, context),
    (error: AuthorizationResponseError) => {
      assert.match(error.message, /^Cannot log in to acme: the provider answered server_error: /);
      assert(error.message.length < 300);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(error.message, /[\x00-\x1f\u202e]/);
      return true;
    },
  );
});

Deno.test("authorizationCode asks for a client, and proposes the scopes, when none is known", () => {
  const provider = oauthProvider({
    scopes: ["read"],
    client_env: { ACME_ID: "client_id" },
    client_secret_required: true,
  });

  assert.deepEqual(authorizationCode.inputs(loginTo(provider)), [
    { name: "client_id", label: "Client ID", secret: false, required: true, env: ["ACME_ID"] },
    { name: "client_secret", label: "Client secret", secret: true, required: true },
    { name: "scopes", label: "Scopes", secret: false, required: false, default: "read" },
  ]);
  const chosen = authorizationCode.inputs(loginTo(provider, { scopes: ["write"] }));
  assert.deepEqual(chosen.map(({ name }) => name), ["client_id", "client_secret"]);
});

Deno.test("authorizationCode refuses to begin without a client it needs", async () => {
  const provider = oauthProvider({
    authorization_url: "https://acme.test/auth",
    token_url: "https://acme.test/token",
    client_secret_required: true,
  });
  const context = contextWith(() => Promise.reject(new Error("must not be asked")));

  await assert.rejects(begin(loginTo(provider), context, {}), InvalidInputError);
  await assert.rejects(begin(loginTo(provider), context, { client_id: "c" }), InvalidInputError);
});

Deno.test("authorizationCode never shows a kept client to another server than its own", () => {
  const provider = oauthProvider(
    { authorization_url: "{base_url}/auth", token_url: "{base_url}/token" },
    { base_url: { template: "{base_url}", default: "https://acme.test" } },
  );
  const client = { ...typedClient("c", null), base_url: "https://acme.test" };
  const asked = (base_url: string | null) =>
    authorizationCode.inputs(loginTo(provider, { client, base_url })).map(({ name }) => name);

  assert.deepEqual(asked(null), []);
  assert.deepEqual(asked("https://acme.test/"), []);
  assert.deepEqual(asked("https://acme.internal.example"), [
    "client_id",
    "client_secret",
    "scopes",
  ]);
});
