import assert from "node:assert/strict";
import { AuthorizationResponseError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import { readIdToken } from "../../../daemon/oauth/id_token.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const GOOD = {
  iss: "https://acme.test",
  aud: "client-1",
  sub: "alice",
  nonce: "n-1",
  exp: NOW.getTime() / 1000 + 600,
};
const EXPECTED = {
  provider: "acme",
  client_id: "client-1",
  issuer: "https://acme.test",
  nonce: "n-1",
  now: NOW,
};

function token(claims: object): Secret {
  const part = (value: object) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  return new Secret(`${part({ alg: "ES256" })}.${part(claims)}.c2ln`);
}

Deno.test("readIdToken() reads the claims of a token for this login", () => {
  assert.equal(readIdToken(token(GOOD), EXPECTED).sub, "alice");
  assert.equal(readIdToken(token({ ...GOOD, aud: ["x", "client-1"] }), EXPECTED).sub, "alice");
});

Deno.test("readIdToken() tolerates a clock that is a few minutes off", () => {
  const claims = { ...GOOD, exp: NOW.getTime() / 1000 - 200 };

  assert.equal(readIdToken(token(claims), EXPECTED).sub, "alice");
});

for (
  const [name, given, message] of [
    ["another client", token({ ...GOOD, aud: "client-2" }), /another client/],
    ["no audience", token({ ...GOOD, aud: undefined }), /another client/],
    ["another issuer", token({ ...GOOD, iss: "https://evil.test" }), /another issuer/],
    ["another login", token({ ...GOOD, nonce: "n-2" }), /nonce/],
    ["no login", token({ ...GOOD, nonce: undefined }), /nonce/],
    ["yesterday", token({ ...GOOD, exp: 1 }), /expired/],
    ["nobody, being no JWT", new Secret("not-a-jwt"), /cannot be read/],
  ] as const
) {
  Deno.test(`readIdToken() refuses a token for ${name}`, () => {
    assert.throws(() => readIdToken(given, EXPECTED), (error) => {
      assert(error instanceof AuthorizationResponseError);
      assert.match(error.message, message);
      assert(!error.message.includes(given.reveal()));
      return true;
    });
  });
}
