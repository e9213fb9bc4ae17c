import assert from "node:assert/strict";
import { EndpointUnreachableError } from "../../../core/errors.ts";
import type { OAuthSettings } from "../../../core/provider.ts";
import { Secret } from "../../../core/secret.ts";
import { requestTokens } from "../../../daemon/oauth/token_endpoint.ts";
import { contextWith, oauth } from "../../support/oauth_provider.ts";
import {
  dropMidReply,
  flood,
  hang,
  html,
  json,
  type RudeAnswer,
  type RudeServer,
  startRudeServer,
} from "../../support/rude_server.ts";

const CLIENT_ID = "6f0c-client.id_with-dashes";
const CLIENT_SECRET = "s3cret/with+odd=characters";
const CODE = "the-code-123456";

function send(
  server: RudeServer,
  settings: Partial<OAuthSettings> = {},
  client_secret: string | null = CLIENT_SECRET,
  more = {},
) {
  return requestTokens({
    token_endpoint: `${server.origin}/token`,
    settings: oauth(settings),
    client: {
      client_id: CLIENT_ID,
      client_secret: client_secret === null ? null : new Secret(client_secret),
      token_endpoint_auth_method: null,
    },
    grant_type: "authorization_code",
    parameters: { code: new Secret(CODE), redirect_uri: "http://127.0.0.1/cb" },
  }, contextWith(server.fetch, more));
}

const GOOD: RudeAnswer = () => json({ access_token: "t" });

Deno.test("requestTokens() sends a form and says who it is", async () => {
  await using server = await startRudeServer({ "/token": GOOD });

  await send(server);

  const [request] = server.requests;
  assert.deepEqual(Object.fromEntries(request!.form), {
    grant_type: "authorization_code",
    code: CODE,
    redirect_uri: "http://127.0.0.1/cb",
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
  });
  assert.equal(request!.headers.get("accept"), "application/json");
  assert.match(request!.headers.get("user-agent")!, /^authsome\//);
});

Deno.test("requestTokens() sends JSON with Basic, as Notion wants it", async () => {
  await using server = await startRudeServer({ "/token": GOOD });

  await send(server, {
    token_request_format: "json",
    token_endpoint_auth_method: "client_secret_basic",
  });

  const [request] = server.requests;
  assert.equal(request!.headers.get("content-type"), "application/json");
  assert.deepEqual(JSON.parse(request!.body), {
    grant_type: "authorization_code",
    code: CODE,
    redirect_uri: "http://127.0.0.1/cb",
  });
  const basic = request!.headers.get("authorization")!.replace("Basic ", "");
  assert.equal(atob(basic), `${CLIENT_ID}:s3cret%2Fwith%2Bodd%3Dcharacters`);
});

Deno.test("requestTokens() sends the client id in the body where there is no secret", async () => {
  await using server = await startRudeServer({ "/token": GOOD });

  await send(server, { token_endpoint_auth_method: "client_secret_basic" }, null);

  assert.equal(server.requests[0]!.form.get("client_id"), CLIENT_ID);
  assert.equal(server.requests[0]!.headers.get("authorization"), null);
});

Deno.test("requestTokens() sends an empty password where the definition says so (Reddit)", async () => {
  await using server = await startRudeServer({ "/token": GOOD });

  await send(server, { secretless_authentication: "client_secret_basic" }, null);

  const basic = server.requests[0]!.headers.get("authorization")!.replace("Basic ", "");
  assert.equal(atob(basic), `${CLIENT_ID}:`);
});

for (
  const [name, answer, message] of [
    ["drops the connection mid-reply", dropMidReply, /the connection failed/],
    ["answers 10 MB", () => flood(10 << 20), /larger than 1048576 bytes/],
  ] as readonly (readonly [string, RudeAnswer, RegExp])[]
) {
  Deno.test(`requestTokens() throws EndpointUnreachableError when the server ${name}`, async () => {
    await using server = await startRudeServer({ "/token": answer });

    await assert.rejects(send(server), (error) => {
      assert(error instanceof EndpointUnreachableError, String(error));
      assert.match(error.message, message);
      assert(!JSON.stringify(error.toEnvelope()).includes("half-a-tok"));
      return true;
    });
  });
}

Deno.test("requestTokens() gives up on a server that hangs", async () => {
  await using server = await startRudeServer({ "/token": hang });

  await assert.rejects(send(server, {}, CLIENT_SECRET, { timeoutMs: 100 }), {
    name: "EndpointUnreachableError",
    message: `Cannot reach ${server.origin}: it did not answer in time`,
  });
});

Deno.test("requestTokens() ends at once when its signal is aborted, with that reason", async () => {
  const reached = Promise.withResolvers<void>();
  await using server = await startRudeServer({
    "/token": () => {
      reached.resolve();
      return hang();
    },
  });
  const stop = new AbortController();

  const sent = send(server, {}, CLIENT_SECRET, { signal: stop.signal });
  await reached.promise;
  stop.abort(new Error("the daemon stops"));

  await assert.rejects(sent, { message: "the daemon stops" });
});

Deno.test("requestTokens() does not follow a redirect with the code and the secret", async () => {
  await using server = await startRudeServer({
    "/token": () => new Response(null, { status: 307, headers: { location: "/elsewhere" } }),
    "/elsewhere": GOOD,
  });

  const reply = await send(server);

  assert.equal(reply.type, "error");
  assert.deepEqual(server.requests.map(({ path }) => path), ["/token"]);
});

for (const status of [500, 503] as const) {
  Deno.test(`requestTokens() answers http_${status} for a page, and holds nothing of it`, async () => {
    await using server = await startRudeServer({ "/token": () => html(status) });

    const reply = await send(server);

    assert.deepEqual(reply, {
      type: "error",
      error: { error: `http_${status}`, error_description: null, status },
      retry_after_seconds: null,
    });
  });
}

Deno.test("requestTokens() passes on when a retry is welcome", async () => {
  await using server = await startRudeServer({
    "/token": () => new Response("{}", { status: 429, headers: { "retry-after": "17" } }),
  });

  const reply = await send(server);

  assert.equal(reply.type === "error" && reply.retry_after_seconds, 17);
});

Deno.test("requestTokens() speaks https only", async () => {
  const context = contextWith(() => Promise.reject(new Error("must not be asked")));

  await assert.rejects(requestTokens({
    token_endpoint: "http://acme.test/token",
    settings: oauth(),
    client: { client_id: "c", client_secret: null, token_endpoint_auth_method: null },
    grant_type: "refresh_token",
    parameters: {},
  }, context));
});
