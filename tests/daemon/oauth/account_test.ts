import assert from "node:assert/strict";
import { Secret } from "../../../core/secret.ts";
import { type AccountSources, readAccount } from "../../../daemon/oauth/account.ts";
import { contextWith } from "../../support/oauth_provider.ts";
import { html, json, type RudeAnswer, startRudeServer } from "../../support/rude_server.ts";

const NOWHERE = contextWith(() => Promise.reject(new Error("must not be asked")));

function sources(more: Partial<AccountSources> = {}): AccountSources {
  return {
    settings: {},
    claims: {},
    reply: {},
    userinfo_endpoint: null,
    access_token: new Secret("access-1"),
    ...more,
  };
}

Deno.test("readAccount() takes the ID token's word and asks nobody", async () => {
  const claims = { sub: "248", email: "a@acme.test", name: "Alice" };

  const { account } = await readAccount(
    sources({ claims, userinfo_endpoint: "https://acme.test/me" }),
    NOWHERE,
  );

  assert.deepEqual(account, { id: "248", label: "a@acme.test" });
});

for (
  const [name, settings, answer, expected] of [
    ["GitHub's user", {}, { id: 1, login: "octocat", name: "Mona" }, ["1", "octocat"]],
    ["a user in data", {}, { data: { id: "7", username: "x" } }, ["7", "x"]],
    [
      "what the definition names",
      { account_id_field: "owner.key", account_label_field: "owner.title" },
      { id: "no", owner: { key: "k", title: "Acme Inc." } },
      ["k", "Acme Inc."],
    ],
    ["a label with control characters", {}, { id: "1", name: "A\u001b[31m\nB" }, ["1", "A [31m B"]],
  ] as const
) {
  Deno.test(`readAccount() reads ${name} from the userinfo endpoint`, async () => {
    await using server = await startRudeServer({ "/me": () => json(answer) });

    const { account } = await readAccount(
      sources({ settings, userinfo_endpoint: `${server.origin}/me` }),
      contextWith(server.fetch),
    );

    assert.deepEqual([account.id, account.label], expected);
    assert.equal(server.requests[0]!.headers.get("authorization"), "Bearer access-1");
  });
}

Deno.test("readAccount() reads the token reply where there is nothing else (Slack, Notion)", async () => {
  const { account: slack } = await readAccount(
    sources({
      settings: { account_id_field: "team.id", account_label_field: "team.name" },
      reply: { team: { id: "T1", name: "Acme" } },
    }),
    NOWHERE,
  );
  const { account: notion } = await readAccount(
    sources({ reply: { workspace_name: "Acme", bot_id: "b" } }),
    NOWHERE,
  );

  assert.deepEqual(slack, { id: "T1", label: "Acme" });
  assert.equal(notion.label, "Acme");
});

Deno.test("readAccount() does not believe userinfo of another subject", async () => {
  await using server = await startRudeServer({
    "/me": () => json({ sub: "mallory", email: "m@evil.test" }),
  });

  const { account } = await readAccount(
    sources({ claims: { sub: "alice" }, userinfo_endpoint: `${server.origin}/me` }),
    contextWith(server.fetch),
  );

  assert.deepEqual(account, { id: "alice", label: null });
});

for (
  const [name, answer] of [
    ["a 500 page", () => html(500)],
    ["a list", () => json([1])],
    ["a 403", () => json({ error: "insufficient_scope" }, 403)],
  ] as readonly (readonly [string, RudeAnswer])[]
) {
  Deno.test(`readAccount() leaves the account unnamed after ${name}`, async () => {
    await using server = await startRudeServer({ "/me": answer });

    const { account } = await readAccount(
      sources({ userinfo_endpoint: `${server.origin}/me` }),
      contextWith(server.fetch),
    );

    assert.deepEqual(account, { id: null, label: null });
  });
}

Deno.test("readAccount() posts a GraphQL query where that is how it goes (Linear)", async () => {
  await using server = await startRudeServer({
    "/graphql": () => json({ data: { viewer: { id: "u-1", email: "a@acme.test" } } }),
  });
  const settings = {
    userinfo_query: "{ viewer { id email } }",
    account_id_field: "data.viewer.id",
    account_label_field: "data.viewer.email",
  };

  const { account } = await readAccount(
    sources({ settings, userinfo_endpoint: `${server.origin}/graphql` }),
    contextWith(server.fetch),
  );

  assert.deepEqual(account, { id: "u-1", label: "a@acme.test" });
  const [asked] = server.requests;
  assert.equal(asked!.method, "POST");
  assert.deepEqual(JSON.parse(asked!.body), { query: "{ viewer { id email } }" });
});

Deno.test("readAccount() asks where the API is, although it knows the account (DocuSign)", async () => {
  const accounts = [{ account_id: "a", base_uri: "https://eu.docusign.net" }];
  await using server = await startRudeServer({ "/userinfo": () => json({ sub: "s", accounts }) });
  const claims = { sub: "s", email: "a@acme.test" };
  const settings = { api_url_field: "accounts.0.base_uri" };
  const userinfo_endpoint = `${server.origin}/userinfo`;

  const found = await readAccount(
    sources({ claims, settings, userinfo_endpoint }),
    contextWith(server.fetch),
  );

  assert.deepEqual(found.account, { id: "s", label: "a@acme.test" });
  assert.deepEqual(found.userinfo["accounts"], accounts);
});
