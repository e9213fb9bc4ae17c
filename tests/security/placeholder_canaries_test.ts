/**
 * Named invariant: a placeholder goes to its own provider's hosts or nowhere.
 *
 * The attack: a prompt, a dependency or a wrong setting makes a program send "its key" to a host of
 * the attacker. The key is a placeholder and worth nothing, but the attempt is the sign that the
 * program is not the owner's any more: it is stopped, written into the audit log and said aloud.
 */
import assert from "node:assert/strict";
import { givenPlaceholders } from "../../proxy/placeholders.ts";
import { FakeDaemon, makeCredential, makeRoute } from "../support/fake_daemon.ts";
import {
  callHttp2,
  type Http2Client,
  type Http2Upstream,
  openHttp2,
  type ServeStream,
} from "../support/http2_peers.ts";
import { onHttp2Stage } from "../support/http2_stage.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { signal, withScript } from "../support/scripted_run.ts";
import { startTlsUpstream, type TlsUpstream } from "../support/tls_upstream.ts";

const OWN = "api.acme.test";
const OTHER = "api.other.test";
const CANARY = "sk-authsome0123456789/abcdefghij+.x";
const GIVEN = { text: CANARY, provider: "acme", connection: "default", field: "api_key" };
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
    placeholders: [GIVEN],
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

const JSON_BODY = JSON.stringify({ note: "x".repeat(100), key: CANARY });
const CHUNKS = [JSON_BODY.slice(0, 130), JSON_BODY.slice(130)]
  .map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("");

const ENCODED_ONCE = encodeURIComponent(CANARY);

/** Spellings of it as libraries write them. */
const SPELLED: Readonly<Record<string, string>> = {
  "in a form": `key=${ENCODED_ONCE}`,
  "in a form, in lower case": `key=${ENCODED_ONCE.replace(/%../g, (code) => code.toLowerCase())}`,
  "in a path of Python's quote": `key=${ENCODED_ONCE.replaceAll("%2F", "/")}`,
  "in JSON as PHP writes it": `{"key":"${CANARY.replaceAll("/", "\\/")}"}`,
  "in JSON as .NET writes it": `{"key":"${CANARY.replaceAll("+", "\\u002B")}"}`,
};

const BODIES: Readonly<Record<string, readonly string[]>> = {
  "in a body": [`Content-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY}`],
  "in a body, cut in two": [
    `Content-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY.slice(0, 125)}`,
    JSON_BODY.slice(125),
  ],
  "in a chunked body, across two chunks": [
    `Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    "0\r\n\r\n",
  ],
  "in a chunk extension": [
    `Transfer-Encoding: chunked\r\n\r\n1;key="${CANARY}"\r\nx\r\n0\r\n\r\n`,
  ],
  "in a trailer": [`Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Key: ${CANARY}\r\n\r\n`],
  "in a trailer, cut in two": [
    `Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Key: ${CANARY.slice(0, 9)}`,
    `${CANARY.slice(9)}\r\n\r\n`,
  ],
  ...Object.fromEntries(
    Object.entries(SPELLED).map((
      [name, body],
    ) => [name, [`Content-Length: ${body.length}\r\n\r\n${body}`]]),
  ),
};

for (const [name, [first = "", ...rest]] of Object.entries(BODIES)) {
  Deno.test(`a placeholder ${name} on its way to another provider is blocked`, async () => {
    await onStage(async (test, { other }) => {
      const client = await test.tunnel(OTHER);
      await client.write(`POST / HTTP/1.1\r\nHost: ${OTHER}\r\n${first}`);
      for (const piece of rest) await client.write(piece);
      const { head, body } = await client.readAnswer();

      assert.match(head, /^HTTP\/1\.1 403 /);
      assert.equal(JSON.parse(body).error, "PlaceholderLeakError");
      assert.deepEqual(other.requests.filter(({ body }) => body.includes(CANARY)), []);
      await test.proxy.close();
      const [denial] = test.daemon.reported.flatMap(({ denials }) => denials);
      assert.equal(denial!.reason, "PlaceholderLeakError");
    });
  });
}

Deno.test("a placeholder deep in a large upload cuts it off, and the rest of it is not sent", async () => {
  const got = signal<string>();
  await withScript(async (connection) => {
    await connection.readHead();
    got.resolve(await connection.readUntil("b").catch(() => "broken off"));
  }, async ({ client }) => {
    const body = "a".repeat(300_000) + CANARY + "b".repeat(300_000);
    await client.write(
      `PUT / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    const sending = client.write(body).catch(() => {});
    assert.match((await client.readAnswer()).head, /^HTTP\/1\.1 403 /);
    await sending;
    assert.equal(await got.promise, "broken off");
  }, {
    placeholders: [{ ...GIVEN, provider: "other" }],
  });
});

Deno.test("a placeholder in the body of a request that is being answered already ends both, and is told", async () => {
  const ended = signal<string>();
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    ended.resolve(await connection.readAll().catch(() => "broken off"));
  }, async ({ client, test }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    await client.readHead();
    await client.write(`${CANARY.length.toString(16)}\r\n${CANARY}\r\n`);
    await assert.rejects(client.readAll());
    assert.ok(!(await ended.promise).includes(CANARY));
    await test.proxy.close();
    const [denial] = test.daemon.reported.flatMap(({ denials }) => denials);
    assert.equal(denial!.reason, "PlaceholderLeakError");
  }, {
    placeholders: [{ ...GIVEN, provider: "other" }],
  });
});

Deno.test("a placeholder in a body for its own provider goes through as it is: it is worth nothing", async () => {
  await onStage(async (test, { own }) => {
    const client = await test.tunnel(OWN);
    await client.write(
      `POST / HTTP/1.1\r\nHost: ${OWN}\r\nContent-Length: ${CANARY.length}\r\n\r\n${CANARY}`,
    );
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    assert.equal(own.requests[0]!.body, CANARY);
  });
});

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

withNode.test("over HTTP/2 it is blocked as well", async () => {
  await onStage(async (test, { other }) => {
    const client = await openHttp2(test, OTHER);
    const answer = await callHttp2(client, { ":path": "/", "x-api-key": CANARY });
    assert.equal(answer.status, 403);
    assert.equal(other.requests.length, 0);
    await client.close();
  });
});

/** A client that speaks HTTP/2 with another provider's server. */
async function withHttp2Client(
  serve: ServeStream,
  body: (client: Http2Client, api: Http2Upstream) => Promise<void>,
): Promise<void> {
  await onHttp2Stage(OTHER, serve, async ({ test, api }) => {
    const client = await openHttp2(test, OTHER);
    try {
      await body(client, api);
    } finally {
      await client.close();
    }
  }, {
    daemon: new FakeDaemon([makeRoute({ provider: "other", host: OTHER })]),
    placeholders: [GIVEN],
  });
}

withNode.test("in the body of an HTTP/2 call it is blocked as well", async () => {
  await withHttp2Client((stream) => {
    stream.on("data", () => {});
    stream.once("end", () => {
      if (!stream.destroyed) stream.respond({ ":status": 200 }, { endStream: true });
    });
  }, async (client) => {
    const answer = await callHttp2(client, { ":path": "/" }, `{"key":"${CANARY}"}`);
    const innocent = await callHttp2(client, { ":path": "/" }, "nothing to see");

    assert.equal(answer.status, 403);
    assert.equal(JSON.parse(answer.body).error, "PlaceholderLeakError");
    assert.equal(innocent.status, 200);
  });
});

withNode.test("in a trailer of an HTTP/2 call it is blocked as well", async () => {
  await withHttp2Client((stream, _headers, { tell }) => {
    stream.on("trailers", (fields) => tell("trailer", fields["x-key"]));
    stream.on("data", () => {});
    stream.once("end", () => {
      if (!stream.destroyed) stream.respond({ ":status": 200 }, { endStream: true });
    });
  }, async (client, api) => {
    const call = (trailer: string) =>
      client.run(({ session, read }, trailer) => {
        const headers = { ":method": "POST", ":path": "/" };
        const stream = session.request(headers, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-key": trailer }));
        stream.end("nothing to see");
        return read(stream);
      }, trailer);

    const refused = await call(CANARY);
    const innocent = await call("abc");

    assert.equal(refused.status, 403);
    assert.equal(innocent.status, 200);
    assert.deepEqual(await api.told("trailer"), ["abc"]);
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

Deno.test("in the body of a plain http request it is blocked as well", async () => {
  await onStage(async (test) => {
    const raw = await test.dial();
    await raw.write(
      `POST http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}` +
        `Content-Length: ${CANARY.length}\r\n\r\n${CANARY}`,
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
  assert.deepEqual(given, [{
    text: "text",
    provider: "acme",
    connection: "default",
    field: "api_key",
  }]);
});

Deno.test("literal injection fills a placeholder in at its own provider's host, of its own connection, and nowhere else", async () => {
  const api = startTlsUpstream([OWN]);
  const other = startTlsUpstream([OTHER]);
  const daemon = new FakeDaemon([makeRoute(), makeRoute({ provider: "other", host: OTHER })]);
  daemon.resolve = (request) =>
    makeCredential(request, [{ type: "literal", values: { api_key: "the-real-key" } }]);
  const foreign = CANARY.replace("sk-", "xx-");
  const test = await startTestProxy({
    daemon,
    servers: { [OWN]: api.port, [OTHER]: other.port },
    authorities: [api.authorityPem, other.authorityPem],
    placeholders: [
      { text: CANARY, provider: "acme", connection: "default", field: "api_key" },
      // Given for another connection of the same provider.
      { text: foreign, provider: "acme", connection: "work", field: "api_key" },
    ],
  });

  const client = await test.tunnel(OWN);
  const body = `body ${CANARY}`;
  await client.write(
    `POST /?key=${ENCODED}&k=${
      encodeURIComponent(CANARY)
    } HTTP/1.1\r\nHost: ${OWN}\r\nX-Own: ${CANARY}\r\n` +
      `X-Work: ${foreign}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await client.readAnswer();
  const [seen] = api.requests;
  assert.equal(seen!.headers.get("x-own"), "the-real-key");
  assert.equal(seen!.headers.get("x-work"), foreign);
  assert.ok(seen!.target.endsWith("&k=the-real-key"), seen!.target);
  assert.equal(seen!.body, body, "a body is never touched");

  const elsewhere = await test.tunnel(OTHER);
  await elsewhere.write(`GET / HTTP/1.1\r\nHost: ${OTHER}\r\nX-Own: ${CANARY}\r\n\r\n`);
  assert.match((await elsewhere.readAnswer()).head, /^HTTP\/1\.1 403 /);
  assert.equal(other.requests.length, 0);
  await test.close();
  await Promise.all([api.close(), other.close()]);
});
