/**
 * `revoke` takes tokens back at the provider and forgets them here, whatever the provider says;
 * `logout` only forgets.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Secret } from "../../../core/secret.ts";
import { exportCredentials } from "../../../daemon/broker/export_credentials.ts";
import { listConnections, showConnection } from "../../../daemon/broker/list_connections.ts";
import { logOut } from "../../../daemon/broker/log_out.ts";
import { revokeProvider } from "../../../daemon/broker/revoke_provider.ts";
import {
  readProviderClient,
  saveProviderClient,
} from "../../../daemon/records/provider_clients.ts";
import { CONFIDENTIAL, startAuthorizationServer } from "../../support/authorization_server.ts";
import { typed } from "../../support/oauth_provider.ts";
import { hang, html, json, startRudeServer } from "../../support/rude_server.ts";
import { CLIENT, type OAuthDaemon, openOAuthDaemon, OWNER, REF } from "../support/oauth_daemon.ts";
import { rotatingEndpoint } from "../support/rotating_endpoint.ts";

/** Keys of everything that is kept of the provider. */
async function kept({ daemon: { vault } }: OAuthDaemon): Promise<readonly string[]> {
  return [
    ...await vault.keys(`vault:${OWNER.vault_id}:acme`),
    ...await vault.keys("server:provider:acme"),
  ];
}

Deno.test("revoke ends the tokens at a certified server, and nothing is kept here", async () => {
  await using server = await startAuthorizationServer();
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: {
      token_url: `${server.issuer}/token`,
      revocation_url: `${server.issuer}/token/revocation`,
      token_endpoint_auth_method: "client_secret_basic",
    },
  });
  const response = await server.fetch(`${server.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", ...CONFIDENTIAL }),
  });
  const { access_token } = await response.json() as { access_token: string };
  await acme.connect({ secrets: typed({ access_token }) });

  const { connections, outcomes } = await revokeProvider(acme.daemon.broker, OWNER, "acme");

  assert.equal(connections, 1);
  assert.deepEqual(outcomes, [
    { connection: "default", token: "access_token", outcome: "revoked", detail: null },
  ]);
  assert.equal((await server.introspect(access_token)).active, false);
  assert.deepEqual(await kept(acme), []);
});

for (
  const [name, answer, outcome] of [
    ["refuses", () => json({ error: "invalid_request" }, 400), "refused"],
    ["answers a page", () => html(502), "refused"],
  ] as const
) {
  Deno.test(`revoke forgets everything when the provider ${name}, and says which token`, async () => {
    await using server = await startRudeServer({ "/revoke": answer });
    await using acme = await openOAuthDaemon(server.fetch, {
      oauth: { revocation_url: `${server.origin}/revoke` },
    });
    await acme.connect();
    await acme.connect({ connection_name: "work" });

    const { outcomes } = await revokeProvider(acme.daemon.broker, OWNER, "acme");

    assert.deepEqual(outcomes.map((said) => [said.connection, said.token, said.outcome]), [
      ["default", "refresh_token", outcome],
      ["default", "access_token", outcome],
      ["work", "refresh_token", outcome],
      ["work", "access_token", outcome],
    ]);
    assert.deepEqual(await kept(acme), []);
  });
}

Deno.test("revoke forgets everything when the provider cannot be reached", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new TypeError("no route")), {
    oauth: { revocation_url: "https://acme.example/revoke" },
  });
  await acme.connect();

  const { outcomes } = await revokeProvider(acme.daemon.broker, OWNER, "acme");

  assert.deepEqual([...new Set(outcomes.map(({ outcome }) => outcome))], ["unreachable"]);
  assert.deepEqual(await kept(acme), []);
});

Deno.test("from the first moment of a revocation nobody can use the connection", async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await startRudeServer({
    "/revoke": () => {
      arrived.resolve();
      return hang();
    },
  });
  const acme = await openOAuthDaemon(server.fetch, {
    oauth: { revocation_url: `${server.origin}/revoke` },
  });
  await acme.connect();
  const revoking = revokeProvider(acme.daemon.broker, OWNER, "acme");
  await arrived.promise;

  await assert.rejects(acme.resolve(), { code: "reauthorization_required" });
  await assert.rejects(exportCredentials(acme.daemon.broker, OWNER, { provider: "acme" }));

  await acme[Symbol.asyncDispose]();
  await revoking;
  assert.deepEqual(await kept(acme), []);
});

Deno.test("a refresh that is under way during a revocation: its new tokens are revoked, too", async () => {
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const revoked: (string | null)[] = [];
  const token = rotatingEndpoint({
    before: async () => {
      arrived.resolve();
      await answered.promise;
    },
  });
  await using server = await startRudeServer({
    "/token": token.answer,
    "/revoke": ({ form }) => {
      revoked.push(form.get("token"));
      return json({});
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token`, revocation_url: `${server.origin}/revoke` },
  });
  await acme.connect();
  acme.pass(3600);
  const refreshing = acme.resolve().catch(() => {});
  await arrived.promise;

  const revoking = revokeProvider(acme.daemon.broker, OWNER, "acme");
  answered.resolve();
  await Promise.all([refreshing, revoking]);

  assert.deepEqual(revoked, ["refresh-1", "access-1"]);
  assert.deepEqual(await kept(acme), []);
});

Deno.test("revoke deletes the client that we registered ourselves (RFC 7592)", async () => {
  const deleted: string[] = [];
  await using server = await startRudeServer({
    "/register/app-1": ({ method, headers }) => {
      deleted.push(`${method} ${headers.get("authorization")}`);
      return new Response(null, { status: 204 });
    },
  });
  await using acme = await openOAuthDaemon(server.fetch);
  await acme.connect();
  await saveProviderClient(acme.daemon.vault, "acme", {
    ...CLIENT,
    client_id: "app-1",
    redirect_uri: "http://127.0.0.1:7998/auth/callback/oauth",
    registration_client_uri: `${server.origin}/register/app-1`,
    registration_access_token: new Secret("reg-token"),
  });

  const { outcomes } = await revokeProvider(acme.daemon.broker, OWNER, "acme");

  assert.deepEqual(deleted, ["DELETE Bearer reg-token"]);
  assert.deepEqual(outcomes.at(-1), {
    connection: "default",
    token: "client_registration",
    outcome: "revoked",
    detail: null,
  });
  assert.equal(await readProviderClient(acme.daemon.vault, "acme"), null);
});

Deno.test("a revocation that a crash cut short is done again by the next one", async () => {
  const revoked: (string | null)[] = [];
  await using server = await startRudeServer({
    "/revoke": ({ form }) => {
      revoked.push(form.get("token"));
      return json({});
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { revocation_url: `${server.origin}/revoke` },
  });
  await acme.connect({ status: "revoked" });

  await revokeProvider(acme.daemon.broker, OWNER, "acme");

  assert.deepEqual(revoked, ["refresh-0", "access-0"]);
  assert.deepEqual(await kept(acme), []);
});

Deno.test("logout is local: the provider is not asked, and its client stays", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("must not be asked")), {
    oauth: { revocation_url: "https://acme.example/revoke" },
  });
  await acme.connect();

  await logOut(acme.daemon.broker, OWNER, REF);

  assert.deepEqual(await kept(acme), ["server:provider:acme:client"]);
});

Deno.test("an export holds no refresh token and no client secret, also of the app itself", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("nobody to ask")), {
    definition: {
      env: {
        ACME_TOKEN: "access_token",
        ACME_REFRESH: "refresh_token",
        ACME_SECRET: "client_secret",
        ACME_ID: "client_id",
      },
    },
  });
  const secrets = { access_token: "a-1", refresh_token: "r-1", client_secret: "c-1" };
  await acme.connect({ secrets: typed(secrets) });
  await acme.connect({
    connection_name: "app",
    flow: "client_credentials",
    secrets: typed({ ...secrets, client_id: "id-1", registration_access_token: "g-1" }),
  });

  for (const format of ["env", "shell", "json"] as const) {
    const everything = await exportCredentials(acme.daemon.broker, OWNER, { format });
    assert.match(everything.output, /a-1/);
    assert.doesNotMatch(JSON.stringify(everything), /r-1|c-1|g-1/);
  }
});

Deno.test("account and scopes of a connection are shown in lists and by itself", async () => {
  await using acme = await openOAuthDaemon(() => Promise.reject(new Error("nobody to ask")));
  await acme.connect({ scopes: ["read", "write"] });

  const { connections } = await listConnections(acme.daemon.broker, OWNER);
  const detail = await showConnection(acme.daemon.broker, OWNER, REF, false);

  const account = { id: "42", label: "alice@example.test" };
  const item = connections[0]!.connections[0]!;
  assert.deepEqual([item.account, item.scopes], [account, ["read", "write"]]);
  assert.deepEqual([detail.account, detail.scopes], [account, ["read", "write"]]);
});
