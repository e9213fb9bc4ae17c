import assert from "node:assert/strict";
import { Secret } from "../../../core/secret.ts";
import {
  connectionClient,
  type OAuthConnection,
  readFacts,
  writeFacts,
} from "../../../daemon/oauth/connection_facts.ts";
import { NO_FACTS } from "../../support/no_facts.ts";
import { oauthProvider } from "../../support/oauth_provider.ts";
import { typedClient } from "../../support/typed_client.ts";

const KEPT = typedClient("new-app", "new-secret");

function connection(more: Partial<OAuthConnection>): OAuthConnection {
  return {
    provider: oauthProvider(),
    flow: "pkce",
    base_url: null,
    scopes: null,
    secrets: {},
    metadata: {},
    client: KEPT,
    ...more,
  };
}

Deno.test("readFacts() gives back what writeFacts() wrote, through JSON", () => {
  const facts = { ...NO_FACTS, client_id: "c", token_endpoint: "https://acme.test/t" };

  assert.deepEqual(readFacts(JSON.parse(JSON.stringify(writeFacts(facts)))), facts);
  assert.deepEqual(writeFacts(NO_FACTS), {});
});

Deno.test("readFacts() takes nothing that is of another type", () => {
  const facts = readFacts({
    oauth: { client_id: 5, issuer: null, token_endpoint_auth_method: "private_key_jwt" },
  });

  assert.deepEqual(facts, NO_FACTS);
  assert.deepEqual(readFacts({ oauth: "x" }), NO_FACTS);
});

for (
  const [name, more, expected] of [
    ["the provider's, for a connection that names none", {}, "new-app"],
    [
      "the provider's, when it is the one the tokens are bound to",
      { metadata: { oauth: { client_id: "new-app" } } },
      "new-app",
    ],
    [
      "its own, when it brought the secret along",
      {
        metadata: { oauth: { client_id: "old", token_endpoint_auth_method: "client_secret_post" } },
        secrets: { client_secret: new Secret("old-secret") },
      },
      "old",
    ],
    [
      "its own, when that is public",
      { metadata: { oauth: { client_id: "old", token_endpoint_auth_method: "none" } } },
      "old",
    ],
    [
      "none, when the provider's was replaced and the old secret with it",
      {
        metadata: { oauth: { client_id: "old", token_endpoint_auth_method: "client_secret_post" } },
      },
      undefined,
    ],
  ] as readonly (readonly [string, Partial<OAuthConnection>, string | undefined])[]
) {
  Deno.test(`connectionClient() gives ${name}`, () => {
    const client = connectionClient(connection(more));

    assert.equal(client?.client_id, expected);
    if (expected === "old" && client!.client_secret !== null) {
      assert.equal(client!.client_secret.reveal(), "old-secret", "never another client's secret");
    }
  });
}
