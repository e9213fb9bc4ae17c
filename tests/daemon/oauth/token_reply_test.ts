import assert from "node:assert/strict";
import { Secret } from "../../../core/secret.ts";
import { readTokenReply, type ReplySettings } from "../../../daemon/oauth/token_reply.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const SENT = [new Secret("the-refresh-token"), new Secret("the/client+secret")];

function read(
  body: unknown,
  settings: ReplySettings = {},
  { status = 200, type = "application/json" } = {},
) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = new Response(text, { status, headers: { "content-type": type } });
  return readTokenReply(response, settings, SENT, NOW, null);
}

async function readTokens(...reply: Parameters<typeof read>) {
  const result = await read(...reply);
  assert.equal(result.type, "tokens", JSON.stringify(result));
  return (result as Extract<typeof result, { type: "tokens" }>).tokens;
}

async function readError(...reply: Parameters<typeof read>) {
  const result = await read(...reply);
  assert.equal(result.type, "error");
  return (result as Extract<typeof result, { type: "error" }>).error;
}

const inSeconds = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

for (
  const [name, lifetime, settings, expected] of [
    ["a number", { expires_in: 3600 }, {}, inSeconds(3600)],
    ["a text", { expires_in: "3600" }, {}, inSeconds(3600)],
    ["nothing", {}, {}, null],
    ["nothing, where the documentation knows", {}, { token_lifetime_seconds: 60 }, inSeconds(60)],
    ["zero, which providers use for never", { expires_in: 0 }, {}, null],
    ["a negative number", { expires_in: -5 }, {}, null],
    ["a text that is no number", { expires_in: "soon" }, {}, null],
    ["null", { expires_in: null }, {}, null],
    ["an object", { expires_in: { seconds: 5 } }, {}, null],
    ["a number beyond every date", { expires_in: 1e300 }, {}, null],
    ["Square's ISO timestamp", { expires_at: "2026-03-01T13:00:00Z" }, {}, inSeconds(3600)],
    ["Strava's epoch beside seconds", { expires_at: 1, expires_in: 21600 }, {}, inSeconds(21600)],
    ["an epoch in seconds", { expires_at: NOW.getTime() / 1000 + 60 }, {}, inSeconds(60)],
    ["an epoch in milliseconds", { expires_at: NOW.getTime() + 60_000 }, {}, inSeconds(60)],
    [
      "a timestamp in another field",
      { expiresAt: "2026-03-01T12:01:00Z" },
      { expires_at_field: "expiresAt" },
      inSeconds(60),
    ],
  ] as readonly (readonly [string, object, ReplySettings, Date | null])[]
) {
  Deno.test(`readTokenReply() reads a lifetime given as ${name}`, async () => {
    const tokens = await readTokens({ access_token: "t", ...lifetime }, settings);

    assert.deepEqual(tokens.expires_at, expected);
  });
}

for (
  const [name, scope, expected] of [
    ["with spaces (RFC 6749)", { scope: "a b" }, ["a", "b"]],
    ["with commas (Slack, GitHub)", { scope: "a,b, c" }, ["a", "b", "c"]],
    ["as a list (Twitch)", { scope: ["a", "b"] }, ["a", "b"]],
    ["not at all", {}, null],
    ["as an empty text", { scope: "" }, null],
    ["as something else", { scope: { a: true } }, null],
  ] as readonly (readonly [string, object, string[] | null])[]
) {
  Deno.test(`readTokenReply() reads scopes given ${name}`, async () => {
    const tokens = await readTokens({ access_token: "t", ...scope });

    assert.deepEqual(tokens.scopes, expected);
  });
}

for (
  const [name, type, expected] of [
    ["a missing token_type", {}, "Bearer"],
    ["bearer in lower case", { token_type: "bearer" }, "Bearer"],
    ["Slack's bot", { token_type: "bot" }, "bot"],
    ["one with a line break", { token_type: "Bearer\r\nX-Evil: 1" }, "Bearer"],
  ] as readonly (readonly [string, object, string])[]
) {
  Deno.test(`readTokenReply() makes ${expected} of ${name}`, async () => {
    const tokens = await readTokens({ access_token: "t", ...type });

    assert.equal(tokens.token_type, expected);
  });
}

Deno.test("readTokenReply() finds a nested token set, and a flat one after a refresh", async () => {
  const settings = { token_path: "authed_user", error_field: "ok" };
  const nested = await readTokens({
    ok: true,
    access_token: "xoxb-bot",
    authed_user: { id: "U1", access_token: "xoxp-user", scope: "chat:write" },
  }, settings);
  const flat = await readTokens({ ok: true, access_token: "xoxe-2", expires_in: 43200 }, settings);

  assert.equal(nested.access_token.reveal(), "xoxp-user");
  assert.deepEqual(nested.scopes, ["chat:write"]);
  assert.equal(flat.access_token.reveal(), "xoxe-2");
});

Deno.test("readTokenReply() reads a form (GitHub without Accept) and JSON labelled as a page", async () => {
  const form = await readTokens("access_token=gho_1&scope=repo%2Cuser&token_type=bearer", {}, {
    type: "application/x-www-form-urlencoded; charset=utf-8",
  });
  const page = await readTokens('{"access_token":"t"}', {}, { type: "text/html" });

  assert.equal(form.access_token.reveal(), "gho_1");
  assert.deepEqual(form.scopes, ["repo", "user"]);
  assert.equal(page.access_token.reveal(), "t");
});

Deno.test("readTokenReply() keeps extra fields, never tokens, at whatever depth", async () => {
  const tokens = await readTokens({
    access_token: "t",
    refresh_token: "r",
    id_token: "i",
    instance_url: "https://eu.acme.test",
    team: { name: "Acme", bot_token: "x", client_secret: "y", signing_key: "z" },
  });

  assert.deepEqual(tokens.fields, {
    instance_url: "https://eu.acme.test",
    team: { name: "Acme" },
  });
});

for (
  const [name, body, settings, reply, expected] of [
    ["RFC 6749", { error: "invalid_grant" }, {}, { status: 400 }, "invalid_grant"],
    ["GitHub's 200", { error: "bad_verification_code" }, {}, {}, "bad_verification_code"],
    [
      "Slack's 200",
      { ok: false, error: "invalid_code" },
      { error_field: "ok" },
      {},
      "invalid_code",
    ],
    [
      "Slack's word for invalid_grant",
      { ok: false, error: "invalid_refresh_token" },
      { error_field: "ok", invalid_grant_errors: ["invalid_refresh_token"] },
      {},
      "invalid_grant",
    ],
    [
      "HubSpot's",
      { status: "BAD_REFRESH_TOKEN", message: "missing or invalid refresh token" },
      { error_field: "status", invalid_grant_errors: ["BAD_REFRESH_TOKEN"] },
      { status: 400 },
      "invalid_grant",
    ],
    [
      "Twitch's",
      { status: 400, message: "Invalid refresh token" },
      { invalid_grant_errors: ["Invalid refresh token"] },
      { status: 400 },
      "invalid_grant",
    ],
    [
      "Meta's object",
      { error: { message: "Code was used", type: "OAuthException", code: 100 } },
      {},
      { status: 400 },
      "OAuthException",
    ],
    ["a page", "<html>Bad gateway</html>", {}, { status: 502, type: "text/html" }, "http_502"],
    ["nothing", "", {}, { status: 500 }, "http_500"],
    ["a 200 without a token", { hello: "world" }, {}, {}, "http_200"],
    ["a 200 with an empty token", { access_token: "" }, {}, {}, "http_200"],
    ["a list", [1, 2], {}, {}, "http_200"],
    ["a redirect", "", {}, { status: 302 }, "http_302"],
    ["a code that is none", { error: "a b\u001b[31m" }, {}, { status: 400 }, "http_400"],
  ] as readonly (readonly [string, unknown, ReplySettings, object, string])[]
) {
  Deno.test(`readTokenReply() makes the error ${expected} of ${name}`, async () => {
    const error = await readError(body, settings, reply);

    assert.equal(error.error, expected);
  });
}

Deno.test("readTokenReply() takes every secret that we sent out of a description", async () => {
  const error = await readError(
    {
      error: "invalid_grant",
      error_description:
        "Token the-refresh-token for the%2Fclient%2Bsecret (the/client+secret) is dead",
    },
    {},
    { status: 400 },
  );

  assert.equal(
    error.error_description,
    "Token ***REDACTED*** for ***REDACTED*** (***REDACTED***) is dead",
  );
});

Deno.test("readTokenReply() leaves no trace of a secret that the length limit would cut", async () => {
  const error = await readError(
    {
      error: "invalid_grant",
      error_description: `${"x".repeat(190)} the-refresh-token`,
    },
    {},
    { status: 400 },
  );

  assert.doesNotMatch(error.error_description!, /the-ref/);
});

Deno.test("readTokenReply() makes a description one short printable line", async () => {
  const error = await readError(
    {
      error: "invalid_grant",
      error_description: `a\r\nb\u001b]0;evil\u0007\u202e\u2028${"é".repeat(900)}`,
    },
    {},
    { status: 400 },
  );

  assert.equal([...error.error_description!].length, 200);
  assert.match(error.error_description!, /^a b \]0;evil é+…$/);
});
