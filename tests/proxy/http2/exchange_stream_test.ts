/**
 * HTTP/2 through the proxy: calls of all four gRPC kinds, trailers, interim answers, resets, and the
 * credential on each stream.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import http2 from "node:http2";
import https from "node:https";
import { bearer, FakeDaemon, makeCredential } from "../../support/fake_daemon.ts";
import {
  callHttp2,
  type Http2Client,
  type Http2Upstream,
  openHttp2,
  readHttp2,
  type ServeStream,
  startHttp2Upstream,
} from "../../support/http2_peers.ts";
import { startTestProxy, type TestProxy } from "../../support/proxy_bench.ts";
import { makeTestCertificate } from "../../support/tls_upstream.ts";
import { until } from "../../support/until.ts";

const HOST = "api.acme.test";
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR } = http2.constants;

interface Stage {
  readonly test: TestProxy;
  readonly api: Http2Upstream;
  readonly client: Http2Client;
}

async function onStage(
  serve: ServeStream,
  body: (stage: Stage) => Promise<void>,
  daemon = new FakeDaemon(),
): Promise<void> {
  const api = await startHttp2Upstream([HOST], serve);
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const client = await openHttp2(test, HOST);
  try {
    await body({ test, api, client });
  } finally {
    await client.close();
    await test.close();
    await api.close();
  }
}

/** Answers with what came, and `grpc-status` as a trailer. */
const echo: ServeStream = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
};

Deno.test("a unary call gets the credential, its body, its answer and its trailers", async () => {
  await onStage(echo, async ({ test, api, client }) => {
    const answer = await callHttp2(client, {
      ":path": "/acme.Greeter/Hello",
      "content-type": "application/grpc",
      "te": "trailers",
      "authorization": "Bearer placeholder",
      "x-many": "1",
    }, "hello");

    assert.deepEqual([answer.status, answer.body, answer.code], [200, "hello", 0]);
    assert.equal(answer.trailers["grpc-status"], "0");
    const [request] = api.requests;
    assert.equal(request!["authorization"], "Bearer the-real-key");
    assert.equal(request!["te"], "trailers");
    assert.equal(request!["x-many"], "1");
    assert.equal(request![":authority"], `${HOST}:443`);
    assert.equal(test.daemon.asked.length, 1);
  });
});

Deno.test("client streaming, server streaming and bidirectional calls flow message by message", async () => {
  const serve: ServeStream = (stream, headers) => {
    if (headers[":path"] === "/bidi") return echo(stream, headers);
    let received = 0;
    stream.on("data", (piece: Uint8Array) => received += piece.length);
    stream.on("end", () => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      for (let i = 0; i < 10; i++) stream.write(String(i));
      stream.end(`:${received}`);
    });
  };
  await onStage(serve, async ({ client }) => {
    const upload = client.session.request({ ":method": "POST", ":path": "/streams" });
    const uploaded = readHttp2(upload);
    for (let i = 0; i < 10; i++) upload.write("ten bytes.");
    upload.end();
    assert.deepEqual((await uploaded).body, "0123456789:100");

    const bidi = client.session.request({ ":method": "POST", ":path": "/bidi" });
    // Each message waits for the answer to the one before: nothing may be held back.
    for (const word of ["one", "two", "three"]) {
      const answered = new Promise((resolve) => bidi.once("data", resolve));
      bidi.write(word);
      assert.equal(String(await answered), word);
    }
    const trailers = new Promise<http2.IncomingHttpHeaders>((resolve) =>
      bidi.once("trailers", resolve)
    );
    bidi.end();
    assert.equal((await trailers)["grpc-status"], "0");
  });
});

Deno.test("trailers of the request reach the server", async () => {
  let got: http2.IncomingHttpHeaders | undefined;
  await onStage((stream) => {
    stream.on("trailers", (fields) => got = fields);
    stream.resume();
    stream.on("end", () => stream.respond({ ":status": 204 }, { endStream: true }));
  }, async ({ client }) => {
    const stream = client.session.request({ ":method": "POST", ":path": "/" }, {
      waitForTrailers: true,
    });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-checksum": "abc" }));
    stream.end("data");
    assert.equal((await readHttp2(stream)).status, 204);
  });
  assert.equal(got?.["x-checksum"], "abc");
});

Deno.test("an answer of trailers alone, an interim answer and HEAD keep their shape", async () => {
  await onStage((stream, headers) => {
    stream.resume();
    if (headers[":path"] === "/hint") {
      stream.additionalHeaders({ ":status": 103, "link": "</a>; rel=preload" });
    }
    if (headers[":path"] === "/hint") stream.respond({ ":status": 200 }, { endStream: true });
    else {stream.respond({ ":status": 200, "grpc-status": "5", "alt-svc": "h3" }, {
        endStream: true,
      });}
  }, async ({ client }) => {
    const failed = await callHttp2(client, { ":path": "/" }, "question");
    assert.deepEqual([failed.headers["grpc-status"], failed.body], ["5", ""]);
    assert.equal(failed.headers["alt-svc"], undefined);

    const stream = client.session.request({ ":path": "/hint", ":method": "HEAD" });
    let link: unknown;
    stream.on("headers", (more) => link = more["link"]);
    assert.equal((await readHttp2(stream)).status, 200);
    assert.equal(link, "</a>; rel=preload");
  });
});

Deno.test("8 MiB up and 32 MiB down arrive whole", async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, "m");
  await onStage((stream, headers) => {
    if (headers[":method"] === "POST") {
      let received = 0;
      stream.on("data", (piece: Uint8Array) => received += piece.length);
      stream.on("end", () => {
        stream.respond({ ":status": 200 });
        stream.end(String(received));
      });
      return;
    }
    stream.respond({ ":status": 200 });
    for (let i = 0; i < 32; i++) stream.write(mebibyte);
    stream.end();
  }, async ({ client }) => {
    const up = await callHttp2(client, { ":path": "/" }, Buffer.alloc(8 * 1024 * 1024));
    assert.equal(up.body, String(8 * 1024 * 1024));
    const down = await callHttp2(client, { ":path": "/" });
    assert.equal(down.body.length, 32 * 1024 * 1024);
  });
});

Deno.test("fifty streams at once share one session with the server and one question to the daemon", async () => {
  let sessions = 0;
  await onStage(echo, async ({ test, api, client }) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => callHttp2(client, { ":path": `/${i}` }, `body ${i}`)),
    );
    assert.deepEqual(answers.map(({ body }) => body), answers.map((_, i) => `body ${i}`));
    sessions = api.sessions.size;
    assert.equal(test.daemon.asked.length, 1);
    assert.ok(api.requests.every((request) => request["authorization"] === "Bearer the-real-key"));
  });
  assert.equal(sessions, 1);
});

Deno.test("an upload to a server that does not read is held back at the client", async () => {
  let opened = () => {};
  const arrived = new Promise<void>((resolve) => opened = resolve);
  await onStage(() => opened(), async ({ client }) => {
    const stream = client.session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    let taken = 0;
    const piece = Buffer.alloc(64 * 1024);
    const write = () => {
      if (taken < 64 * 1024 * 1024) {
        stream.write(piece, (error) => error ? undefined : (taken += piece.length, write()));
      }
    };
    write();
    await arrived;
    // Further requests are served meanwhile, so waiting for one shows that time has passed for both.
    let before = -1;
    while (before !== taken) {
      before = taken;
      await new Promise<void>((resolve, reject) =>
        client.session.ping((error) => error ? reject(error) : resolve())
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(taken < 8 * 1024 * 1024, `${taken} bytes went nowhere`);
    stream.close(NGHTTP2_CANCEL);
  });
});

Deno.test("a client that cancels ends the call at the server", async () => {
  let ended = (_code: number) => {};
  const code = new Promise<number>((resolve) => ended = resolve);
  await onStage((stream) => {
    stream.on("close", () => ended(stream.rstCode));
    stream.respond({ ":status": 200 });
    stream.write("first");
  }, async ({ client }) => {
    const stream = client.session.request({ ":path": "/" });
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(NGHTTP2_CANCEL);
    assert.equal(await code, NGHTTP2_CANCEL);
  });
});

Deno.test("half an upload is never a whole one, whatever code the client resets it with", async () => {
  for (const code of [0, NGHTTP2_CANCEL]) {
    let isWhole = false;
    let closed = () => {};
    const done = new Promise<void>((resolve) => closed = resolve);
    let began = () => {};
    const first = new Promise<void>((resolve) => began = resolve);
    await onStage((stream) => {
      stream.once("data", () => began());
      stream.on("end", () => isWhole = stream.rstCode === 0 && !stream.aborted);
      stream.on("close", () => closed());
    }, async ({ client }) => {
      const stream = client.session.request({ ":method": "POST", ":path": "/" });
      stream.on("error", () => {});
      stream.write("half");
      await first;
      stream.close(code);
      await done;
    });
    assert.equal(isWhole, false, `code ${code}`);
  }
});

Deno.test("a reset of the server reaches the client with its code, before and within an answer", async () => {
  await onStage((stream, headers) => {
    if (headers[":path"] === "/within") {
      // Else Deno 2.9.6 sends END_STREAM in front of RST_STREAM.
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.write("half", () => stream.close(NGHTTP2_INTERNAL_ERROR));
    } else stream.close(NGHTTP2_ENHANCE_YOUR_CALM);
  }, async ({ client }) => {
    assert.equal((await callHttp2(client, { ":path": "/" })).code, NGHTTP2_ENHANCE_YOUR_CALM);
    const within = await callHttp2(client, { ":path": "/within" });
    assert.deepEqual([within.status, within.code], [200, NGHTTP2_INTERNAL_ERROR]);
  });
});

Deno.test("a server that goes away in the middle never looks like a whole answer; the next call gets a new session", async () => {
  await onStage((stream, headers) => {
    if (headers[":path"] !== "/gone") return echo(stream, headers);
    stream.respond({ ":status": 200 });
    stream.write("half", () => stream.session!.destroy());
  }, async ({ client }) => {
    const gone = await callHttp2(client, { ":path": "/gone" });
    assert.notEqual(gone.code, 0);
    assert.equal((await callHttp2(client, { ":path": "/" }, "again")).body, "again");
  });
});

Deno.test("after a GOAWAY of the server, new calls use a new session", async () => {
  let goaways = 0;
  await onStage((stream, headers) => {
    if (headers[":path"] === "/last") stream.session!.goaway(0, stream.id!);
    echo(stream, headers);
  }, async ({ client }) => {
    client.session.on("goaway", () => goaways++);
    assert.equal((await callHttp2(client, { ":path": "/last" }, "1")).body, "1");
    assert.equal((await callHttp2(client, { ":path": "/" }, "2")).body, "2");
  });
  assert.equal(goaways, 0);
});

Deno.test("a 401 is answered with a refreshed credential and the same body, once", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = (request) =>
    makeCredential(
      request,
      [bearer(request.rejected_at === undefined ? "old" : "new")],
      "2100-01-01T00:00:00Z",
    );
  await onStage((stream, headers) => {
    if (headers["authorization"] === "Bearer new") return echo(stream, headers);
    stream.resume();
    stream.on("end", () => stream.respond({ ":status": 401 }, { endStream: true }));
  }, async ({ api, client }) => {
    const answer = await callHttp2(client, { ":path": "/" }, "again");
    assert.deepEqual([answer.status, answer.body], [200, "again"]);
    assert.deepEqual(api.requests.map((r) => r["authorization"]), ["Bearer old", "Bearer new"]);
  }, daemon);
});

Deno.test("a credential that cannot be had is told in JSON, and to gRPC by its status", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = () => {
    throw new Error("no");
  };
  await onStage(echo, async ({ api, client }) => {
    const plain = await callHttp2(client, { ":path": "/" });
    assert.equal(plain.status, 502);
    assert.match(JSON.parse(plain.body).message, /^Cannot add the credential of acme/);
    const call = await callHttp2(
      client,
      { ":path": "/", "content-type": "application/grpc" },
      "question",
    );
    assert.deepEqual([call.status, call.headers["grpc-status"]], [200, "14"]);
    assert.match(String(call.headers["grpc-message"]), /Run: authsome/);
    assert.equal(api.requests.length, 0);
  }, daemon);
});

Deno.test("a server without HTTP/2 is said to be one", async () => {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate([HOST]);
  const server = https.createServer({ cert: certificatePem, key: keyPem });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const test = await startTestProxy({
    servers: { [HOST]: (server.address() as { port: number }).port },
    authorities: [authorityPem],
  });
  const client = await openHttp2(test, HOST);

  const answer = await callHttp2(client, { ":path": "/" });

  assert.equal(answer.status, 502);
  await client.close();
  await test.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

Deno.test("when the client leaves, the session with the server ends too", async () => {
  await onStage(echo, async ({ api, client }) => {
    await callHttp2(client, { ":path": "/" }, "x");
    assert.equal(api.sessions.size, 1);
    await client.close();
    await until(() => api.sessions.size === 0);
  });
});
