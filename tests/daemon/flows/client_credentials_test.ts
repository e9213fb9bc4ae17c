import assert from "node:assert/strict";
import { InvalidInputError, TokenEndpointError } from "../../../core/errors.ts";
import { clientCredentials } from "../../../daemon/flows/client_credentials.ts";
import type { LoginRequest, LoginStep } from "../../../daemon/flows/flow.ts";
import { refreshTokens } from "../../../daemon/oauth/refresh.ts";
import { CONFIDENTIAL, startAuthorizationServer } from "../../support/authorization_server.ts";
import { contextWith, loginTo, oauthProvider, typed } from "../../support/oauth_provider.ts";
import { json, startRudeServer } from "../../support/rude_server.ts";

type Granted = Extract<LoginStep, { type: "granted" }>;

async function logIn(
  login: LoginRequest,
  server: { fetch: typeof fetch },
  values: Record<string, string> = { ...CONFIDENTIAL },
): Promise<Granted> {
  const step = await clientCredentials.begin(login, typed(values), contextWith(server.fetch));
  assert.equal(step.type, "granted");
  return step as Granted;
}

Deno.test("clientCredentials has a token at once, and another when it is refreshed", async () => {
  await using server = await startAuthorizationServer();
  const provider = oauthProvider({
    token_url: `${server.issuer}/token`,
    token_endpoint_auth_method: "client_secret_basic",
    scopes: ["read"],
  });

  const { grant, client } = await logIn(loginTo(provider), server);
  const outcome = await refreshTokens({
    provider,
    flow: "client_credentials",
    base_url: null,
    scopes: grant.granted_scopes,
    secrets: grant.secrets,
    metadata: grant.metadata,
    client: null,
  }, contextWith(server.fetch));

  assert.equal(client, null, "the client belongs to the connection, not to the provider");
  assert.equal(grant.secrets["refresh_token"], undefined);
  assert(outcome.type === "refreshed", outcome.type);
  const fresh = outcome.renewal.secrets["access_token"]!.reveal();
  assert.notEqual(fresh, grant.secrets["access_token"]!.reveal());
  assert.equal((await server.introspect(fresh)).active, true);
});

Deno.test("clientCredentials sends what Zoom and Auth0 want besides", async () => {
  await using server = await startRudeServer({
    "/token": () => json({ access_token: "t", api_domain: "eu.acme.test" }),
  });
  const provider = oauthProvider({
    token_url: `${server.origin}/token`,
    token_params: { grant_type: "account_credentials", account_id: "{account_id}" },
    api_url_field: "api_domain",
    api_url_hosts: ["*.acme.test"],
  }, { fields: [{ name: "account_id", label: "Account ID", secret: false }] });
  const login = loginTo(provider);

  const asked = clientCredentials.inputs(login).map(({ name, required }) => [name, required]);
  const { grant } = await logIn(login, server, { ...CONFIDENTIAL, account_id: "acc-1" });

  assert.deepEqual(asked, [["account_id", true], ["client_id", true], ["client_secret", true], [
    "scopes",
    false,
  ]]);
  const { form } = server.requests[0]!;
  assert.equal(form.get("grant_type"), "account_credentials");
  assert.equal(form.get("account_id"), "acc-1");
  assert.equal(grant.secrets["account_id"]!.reveal(), "acc-1");
  assert.equal(grant.api_url, "https://eu.acme.test");
});

for (
  const [name, said] of [
    ["a host of somebody else", "https://evil.test"],
    ["a look-alike", "https://acme.test.evil.test"],
    ["plain http", "http://eu.acme.test"],
    ["user information", "https://eu.acme.test@evil.test"],
  ]
) {
  Deno.test(`clientCredentials does not believe an API URL with ${name}`, async () => {
    await using server = await startRudeServer({
      "/token": () => json({ access_token: "t", instance_url: said }),
    });
    const provider = oauthProvider({
      token_url: `${server.origin}/token`,
      api_url_field: "instance_url",
      api_url_hosts: ["*.acme.test"],
    });

    const { grant } = await logIn(loginTo(provider), server);

    assert.equal(grant.api_url, null);
  });
}

Deno.test("clientCredentials passes on what the server refused, without the secret", async () => {
  await using server = await startAuthorizationServer();
  const provider = oauthProvider({ token_url: `${server.issuer}/token` });
  const values = { client_id: CONFIDENTIAL.client_id, client_secret: "wr0ng-secret" };

  await assert.rejects(logIn(loginTo(provider), server, values), (error) => {
    assert(error instanceof TokenEndpointError);
    assert.match(error.message, /invalid_client/);
    assert(!JSON.stringify(error.toEnvelope()).includes("wr0ng-secret"));
    return true;
  });
});

Deno.test("clientCredentials asks nobody while a value is missing", async () => {
  const nobody = { fetch: () => Promise.reject(new Error("must not be asked")) };
  const provider = oauthProvider({ token_url: "https://acme.test/token" }, {
    fields: [{ name: "account_id", label: "Account ID", secret: false }],
  });

  await assert.rejects(logIn(loginTo(provider), nobody), InvalidInputError);
});
