import assert from "node:assert/strict";
import {
  AuthorizationResponseError,
  ClientRegistrationError,
  DiscoveryError,
} from "../../../core/errors.ts";
import { dynamicRegistration } from "../../../daemon/flows/dynamic_registration.ts";
import type { LoginRequest, LoginStep } from "../../../daemon/flows/flow.ts";
import { deleteRegistration } from "../../../daemon/oauth/registration.ts";
import {
  type AuthorizationServer,
  REDIRECT_URI,
  startAuthorizationServer,
} from "../../support/authorization_server.ts";
import { contextWith, loginTo, oauthProvider } from "../../support/oauth_provider.ts";
import { html, json, type RudeAnswer, startRudeServer } from "../../support/rude_server.ts";

type Authorize = Extract<LoginStep, { type: "authorize" }>;

/** A definition that names an MCP server and nothing else, as `login --mcp` would register it. */
function mcpProvider(server: AuthorizationServer) {
  return oauthProvider({ resource: server.resource, token_endpoint_auth_method: "none" });
}

async function begin(login: LoginRequest, server: { fetch: typeof fetch }): Promise<Authorize> {
  const step = await dynamicRegistration.begin(login, {}, contextWith(server.fetch));
  assert.equal(step.type, "authorize");
  return step as Authorize;
}

Deno.test("dynamicRegistration finds an MCP server's authorization server, registers and logs in", async () => {
  await using server = await startAuthorizationServer();
  const allowed: string[] = [];
  const context = contextWith(server.fetch, { allowHosts: (hosts) => void allowed.push(...hosts) });
  const login = loginTo(mcpProvider(server));

  const step = await dynamicRegistration.begin(login, {}, context) as Authorize;
  const callback = await server.approve(step.url);
  const grant = await dynamicRegistration.complete!(login, step.pending, callback, context);

  const token = await server.introspect(grant.secrets["access_token"]!.reveal());
  assert.equal(token.active, true);
  assert.equal(token["aud"], server.resource, "RFC 8707: for this resource only");
  assert.deepEqual(grant.granted_scopes, ["read"], "the scopes that the resource asks for");
  assert.equal(step.client?.redirect_uri, REDIRECT_URI);
  assert.deepEqual(grant.metadata["oauth"], {
    client_id: step.client!.client_id,
    token_endpoint_auth_method: "none",
    token_endpoint: `${server.issuer}/token`,
    revocation_endpoint: `${server.issuer}/token/revocation`,
    issuer: server.issuer,
    resource: server.resource,
  });
  assert(allowed.includes(new URL(server.issuer).host), "the relay is told where to let us");
});

Deno.test("dynamicRegistration uses a kept registration again", async () => {
  await using server = await startAuthorizationServer();
  const provider = mcpProvider(server);
  const first = await begin(loginTo(provider), server);

  const second = await begin(loginTo(provider, { client: first.client }), server);

  assert.equal(second.client, null, "nothing new to keep");
  assert.equal(new URL(second.url).searchParams.get("client_id"), first.client!.client_id);
  assert.equal(server.served.filter(({ path }) => path === "/reg").length, 1);
});

Deno.test("dynamicRegistration registers again when the redirect URI has changed", async () => {
  await using server = await startAuthorizationServer();
  const provider = mcpProvider(server);
  const first = await begin(loginTo(provider), server);
  const moved = loginTo(provider, {
    client: first.client,
    redirect_uri: "http://127.0.0.1:4711/auth/callback/oauth",
  });

  const second = await begin(moved, server);

  assert.notEqual(second.client!.client_id, first.client!.client_id);
  assert.equal(second.client!.redirect_uri, moved.redirect_uri);
});

Deno.test("dynamicRegistration registers again when the client's secret has ended (RFC 7591)", async () => {
  const NOW = new Date("2026-03-01T12:00:00Z");
  const after = (hours: number) => NOW.getTime() / 1000 + hours * 3600;
  for (
    const [ends, again] of [[0, false], [after(2), true], [after(30), false], ["0", false]] as const
  ) {
    let registered = 0;
    await using server = await startRudeServer({
      "/register": () =>
        json({
          client_id: `client-${++registered}`,
          client_secret: "s3cret",
          client_secret_expires_at: ends,
          token_endpoint_auth_method: "client_secret_basic",
        }, 201),
    });
    const provider = oauthProvider({
      authorization_url: `${server.origin}/authorize`,
      token_url: `${server.origin}/token`,
      registration_endpoint: `${server.origin}/register`,
    });
    const at = (hours: number) =>
      contextWith(server.fetch, { now: () => new Date(after(hours) * 1000) });
    const first = await dynamicRegistration.begin(loginTo(provider), {}, at(0)) as Authorize;

    const later = loginTo(provider, { client: first.client });
    await dynamicRegistration.begin(later, {}, at(3));

    assert.equal(registered, again ? 2 : 1, `${ends}`);
  }
});

Deno.test("dynamicRegistration requires `iss` of a server that promised it (RFC 9207)", async () => {
  await using server = await startAuthorizationServer();
  const login = loginTo(mcpProvider(server));
  const step = await begin(login, server);
  const callback = await server.approve(step.url);
  callback.delete("iss");

  await assert.rejects(
    dynamicRegistration.complete!(login, step.pending, callback, contextWith(server.fetch)),
    AuthorizationResponseError,
  );
});

Deno.test("deleteRegistration() takes a registration back (RFC 7592)", async () => {
  await using server = await startAuthorizationServer();
  const provider = mcpProvider(server);
  const { client } = await begin(loginTo(provider), server);
  const context = contextWith(server.fetch);

  const outcome = await deleteRegistration(provider, client!, context);
  const again = await deleteRegistration(provider, client!, context);

  assert.deepEqual(outcome, { token: "client_registration", outcome: "revoked", detail: null });
  assert.equal(again.outcome, "revoked", "gone is gone");
});

for (
  const [name, answer, message] of [
    [
      "refuses",
      () => json({ error: "access_denied", error_description: "allow list" }, 403),
      /access_denied: allow list/,
    ],
    ["answers with a page", () => html(404), /http_404/],
    ["answers without a client id", () => json({ client_secret: "x" }, 201), /no client/],
    [
      "answers with an authentication method that we do not speak",
      () => json({ client_id: "c", token_endpoint_auth_method: "private_key_jwt" }, 201),
      /no client/,
    ],
  ] as readonly (readonly [string, RudeAnswer, RegExp])[]
) {
  Deno.test(`dynamicRegistration fails clearly when the server ${name}`, async () => {
    await using server = await startRudeServer({ "/register": answer });
    const login = loginTo(oauthProvider({
      authorization_url: `${server.origin}/authorize`,
      token_url: `${server.origin}/token`,
      registration_endpoint: `${server.origin}/register`,
      token_endpoint_auth_method: "none",
    }));

    await assert.rejects(begin(login, server), (error) => {
      assert(error instanceof ClientRegistrationError);
      assert.match(error.message, message);
      assert(error.hint !== undefined);
      return true;
    });
  });
}

Deno.test("dynamicRegistration ignores the secret that a server gives a public client", async () => {
  await using server = await startRudeServer({
    "/register": () =>
      json({ client_id: "c", client_secret: "s", token_endpoint_auth_method: "none" }, 200),
  });
  const login = loginTo(oauthProvider({
    authorization_url: `${server.origin}/authorize`,
    token_url: `${server.origin}/token`,
    registration_endpoint: `${server.origin}/register`,
    token_endpoint_auth_method: "none",
  }));

  const { client } = await begin(login, server);

  assert.equal(client!.client_secret, null);
});

/** Metadata of a well-behaved server at `origin`. */
function metadata(origin: string) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
  };
}

const AS_METADATA = "/.well-known/oauth-authorization-server";
const RESOURCE_METADATA = "/.well-known/oauth-protected-resource/mcp";

for (
  const [name, answers, message] of [
    ["is missing everywhere", () => ({}), /has no authorization server metadata/],
    [
      "lies about the issuer",
      (origin: string) => ({ [AS_METADATA]: { ...metadata(origin), issuer: "https://evil.test" } }),
      /for another issuer/,
    ],
    [
      "points to an endpoint that is not https",
      (origin: string) => ({
        [AS_METADATA]: { ...metadata(origin), token_endpoint: "http://acme.test/token" },
      }),
      /token_endpoint .* is not https/,
    ],
    [
      "has no token endpoint",
      (origin: string) => ({ [AS_METADATA]: { ...metadata(origin), token_endpoint: null } }),
      /has no token_endpoint/,
    ],
    [
      "has no registration endpoint",
      (origin: string) => ({ [AS_METADATA]: { ...metadata(origin), registration_endpoint: null } }),
      /has no registration_endpoint/,
    ],
    [
      "is for a resource of somebody else",
      (origin: string) => ({
        [RESOURCE_METADATA]: { resource: "https://bank.test", authorization_servers: [origin] },
      }),
      /for another resource/,
    ],
  ] as readonly (readonly [string, (origin: string) => Record<string, unknown>, RegExp])[]
) {
  Deno.test(`dynamicRegistration fails when the metadata ${name}`, async () => {
    let origin = "";
    const at = (path: string): RudeAnswer => () => {
      const body = answers(origin)[path];
      return body === undefined ? html(404) : json(body);
    };
    await using server = await startRudeServer({
      [AS_METADATA]: at(AS_METADATA),
      [RESOURCE_METADATA]: at(RESOURCE_METADATA),
    });
    origin = server.origin;
    const login = loginTo(oauthProvider({ resource: `${origin}/mcp` }));

    await assert.rejects(begin(login, server), (error) => {
      assert(error instanceof DiscoveryError, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert(!server.requests.some(({ method }) => method === "POST"), "nothing was registered");
  });
}

Deno.test("dynamicRegistration follows the challenge of an MCP server without well-known metadata", async () => {
  let origin = "";
  await using server = await startRudeServer({
    "/mcp": () =>
      new Response(null, {
        status: 401,
        headers: { "www-authenticate": `Bearer resource_metadata="${origin}/meta"` },
      }),
    "/meta": () => json({ resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] }),
    [`${AS_METADATA}/as`]: () => json({ ...metadata(origin), issuer: `${origin}/as` }),
    "/register": () => json({ client_id: "c" }, 201),
  });
  origin = server.origin;
  const login = loginTo(
    oauthProvider({ resource: `${origin}/mcp`, token_endpoint_auth_method: "none" }),
  );

  const { url } = await begin(login, server);

  assert.equal(new URL(url).searchParams.get("resource"), `${origin}/mcp`);
});

Deno.test("dynamicRegistration never calls a private address that metadata names", async () => {
  const asked: string[] = [];
  const context = contextWith((input) => {
    asked.push(String(input));
    return Promise.resolve(Response.json({
      resource: "https://mcp.acme.com/mcp",
      authorization_servers: ["https://169.254.169.254"],
    }));
  });
  const login = loginTo(
    oauthProvider({ resource: "https://mcp.acme.com/mcp" }, { allow_private: false }),
  );

  await assert.rejects(dynamicRegistration.begin(login, {}, context), DiscoveryError);

  assert.deepEqual(asked, ["https://mcp.acme.com/.well-known/oauth-protected-resource/mcp"]);
});
