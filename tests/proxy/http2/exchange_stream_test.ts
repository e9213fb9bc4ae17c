/**
 * HTTP/2 through the proxy: calls of all four gRPC kinds, trailers, interim answers, resets, and the
 * credential on each stream.
 */
import assert from "node:assert/strict";
import https from "node:https";
import { bearer, FakeDaemon, makeCredential } from "../../support/fake_daemon.ts";
import {
  callHttp2,
  type Http2Client,
  openHttp2,
  type ServeStream,
} from "../../support/http2_peers.ts";
import { type Http2Stage, onHttp2Stage } from "../../support/http2_stage.ts";
import { withNode } from "../../support/node_process.ts";
import { startTestProxy } from "../../support/proxy_bench.ts";
import { makeTestCertificate } from "../../support/tls_upstream.ts";
import { until } from "../../support/until.ts";

const HOST = "api.acme.test";
/** RFC 9113 section 7. */
const [INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM] = [2, 8, 11];

interface Stage extends Http2Stage {
  readonly client: Http2Client;
}

async function onStage(
  serve: ServeStream,
  body: (stage: Stage) => Promise<void>,
  daemon = new FakeDaemon(),
): Promise<void> {
  await onHttp2Stage(HOST, serve, async (stage) => {
    const client = await openHttp2(stage.test, HOST);
    try {
      await body({ ...stage, client });
    } finally {
      await client.close();
    }
  }, { daemon });
}

/** Answers with what came, and `grpc-status` as a trailer. */
const echo: ServeStream = (stream, _headers, { echo }) => echo(stream);

withNode.test("a unary call gets the credential, its body, its answer and its trailers", async () => {
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
    const [request] = await api.requests();
    assert.equal(request!["authorization"], "Bearer the-real-key");
    assert.equal(request!["te"], "trailers");
    assert.equal(request!["x-many"], "1");
    assert.equal(request![":authority"], `${HOST}:443`);
    assert.equal(test.daemon.asked.length, 1);
  });
});

withNode.test("client streaming, server streaming and bidirectional calls flow message by message", async () => {
  const serve: ServeStream = (stream, headers, { echo }) => {
    if (headers[":path"] === "/bidi") return echo(stream);
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
    const uploaded = await client.run(({ session, read }) => {
      const upload = session.request({ ":method": "POST", ":path": "/streams" });
      const answer = read(upload);
      for (let i = 0; i < 10; i++) upload.write("ten bytes.");
      upload.end();
      return answer;
    });
    assert.equal(uploaded.body, "0123456789:100");

    const { answers, status } = await client.run(async ({ session }) => {
      const bidi = session.request({ ":method": "POST", ":path": "/bidi" });
      const answers: string[] = [];
      // Each message waits for the answer to the one before: nothing may be held back.
      for (const word of ["one", "two", "three"]) {
        const answered = new Promise((resolve) => bidi.once("data", resolve));
        bidi.write(word);
        answers.push(String(await answered));
      }
      bidi.resume();
      bidi.end();
      const trailers = await new Promise<Record<string, string>>((resolve) =>
        bidi.once("trailers", resolve)
      );
      return { answers, status: trailers["grpc-status"] };
    });
    assert.deepEqual([answers, status], [["one", "two", "three"], "0"]);
  });
});

withNode.test("trailers of the request reach the server", async () => {
  await onStage((stream, _headers, { tell }) => {
    stream.on("trailers", (fields) => tell("trailers", fields));
    stream.resume();
    stream.on("end", () => stream.respond({ ":status": 204 }, { endStream: true }));
  }, async ({ api, client }) => {
    const { status } = await client.run(({ session, read }) => {
      const stream = session.request({ ":method": "POST", ":path": "/" }, {
        waitForTrailers: true,
      });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-checksum": "abc" }));
      stream.end("data");
      return read(stream);
    });
    assert.equal(status, 204);
    assert.deepEqual(await api.told("trailers"), [{ "x-checksum": "abc" }]);
  });
});

withNode.test("trailers go both ways in one call", async () => {
  await onStage((stream, _headers, { tell, echo }) => {
    stream.on("trailers", (fields) => tell("trailers", fields));
    echo(stream);
  }, async ({ api, client }) => {
    const answer = await client.run(({ session, read }) => {
      const stream = session.request({ ":method": "POST", ":path": "/" }, {
        waitForTrailers: true,
      });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-checksum": "abc" }));
      stream.end("data");
      return read(stream);
    });
    assert.deepEqual([answer.body, answer.code], ["data", 0]);
    assert.equal(answer.trailers["grpc-status"], "0");
    assert.deepEqual(await api.told("trailers"), [{ "x-checksum": "abc" }]);
  });
});

withNode.test("an answer of trailers alone, an interim answer and HEAD keep their shape", async () => {
  await onStage((stream, headers) => {
    stream.resume();
    if (headers[":path"] === "/hint") {
      stream.additionalHeaders({ ":status": 103, "link": "</a>; rel=preload" });
      return stream.respond({ ":status": 200 }, { endStream: true });
    }
    stream.respond({ ":status": 200, "grpc-status": "5", "alt-svc": "h3" }, { endStream: true });
  }, async ({ client }) => {
    const failed = await callHttp2(client, { ":path": "/" }, "question");
    assert.deepEqual([failed.headers["grpc-status"], failed.body], ["5", ""]);
    assert.equal(failed.headers["alt-svc"], undefined);

    const { status, link } = await client.run(async ({ session, read }) => {
      const stream = session.request({ ":path": "/hint", ":method": "HEAD" });
      let link: unknown;
      stream.on("headers", (more) => link = more["link"]);
      const { status } = await read(stream);
      return { status, link };
    });
    assert.deepEqual([status, link], [200, "</a>; rel=preload"]);
  });
});

withNode.test("8 MiB up and 32 MiB down arrive whole", async () => {
  await onStage((stream, headers, { Buffer }) => {
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
    for (let i = 0; i < 32; i++) stream.write(Buffer.alloc(1024 * 1024, "m"));
    stream.end();
  }, async ({ client }) => {
    const [up, down] = await client.run(async ({ call, Buffer }) => {
      const up = await call({ ":path": "/" }, Buffer.alloc(8 * 1024 * 1024));
      const down = await call({ ":path": "/" });
      return [up.body, down.body.length];
    });
    assert.deepEqual([up, down], [String(8 * 1024 * 1024), 32 * 1024 * 1024]);
  });
});

withNode.test("fifty streams at once share one session with the server and one question to the daemon", async () => {
  await onStage(echo, async ({ test, api, client }) => {
    const answers = await client.run(({ call }) =>
      Promise.all(Array.from({ length: 50 }, (_, i) => call({ ":path": `/${i}` }, `body ${i}`)))
    );
    assert.deepEqual(answers.map(({ body }) => body), answers.map((_, i) => `body ${i}`));
    assert.equal(await api.sessionCount(), 1);
    assert.equal(test.daemon.asked.length, 1);
    const requests = await api.requests();
    assert.equal(requests.length, 50);
    assert.ok(requests.every((request) => request["authorization"] === "Bearer the-real-key"));
  });
});

withNode.test("an upload to a server that does not read is held back at the client", async () => {
  await onStage((_stream, _headers, { tell }) => tell("arrived"), async ({ api, client }) => {
    await client.run(({ session, Buffer, tell }) => {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      stream.on("error", () => {});
      const piece = Buffer.alloc(64 * 1024);
      let taken = 0;
      const write = () => {
        if (taken >= 64 * 1024 * 1024) return;
        stream.write(piece, (error) => {
          if (error) return;
          taken += piece.length;
          tell("taken", taken);
          write();
        });
      };
      write();
    });
    await api.until("arrived");
    let before = -1;
    for (let taken = 0; before !== taken;) {
      before = taken;
      // Further frames are served meanwhile, so waiting for one shows that time has passed for both.
      await client.run(({ session }) =>
        new Promise<void>((resolve, reject) => {
          session.ping((error) => error ? reject(error) : resolve());
        })
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      taken = (await client.told<number>("taken")).at(-1) ?? 0;
    }
    assert.ok(before < 8 * 1024 * 1024, `${before} bytes went nowhere`);
  });
});

withNode.test("a client that cancels ends the call at the server", async () => {
  await onStage((stream, _headers, { tell }) => {
    stream.on("close", () => tell("code", stream.rstCode));
    stream.respond({ ":status": 200 });
    stream.write("first");
  }, async ({ api, client }) => {
    await client.run(async ({ session, http2 }) => {
      const stream = session.request({ ":path": "/" });
      await new Promise((resolve) => stream.once("data", resolve));
      stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    assert.equal(await api.until("code"), CANCEL);
  });
});

withNode.test("half an upload is never a whole one, whatever code the client resets it with", async () => {
  for (const code of [0, CANCEL]) {
    await onStage((stream, _headers, { tell }) => {
      stream.once("data", () => tell("began"));
      stream.on("end", () => tell("whole", stream.rstCode === 0 && !stream.aborted));
      stream.on("close", () => tell("closed"));
    }, async ({ api, client }) => {
      await client.run(({ session, until }, code) => {
        // Else Node sends END_STREAM in front of the reset.
        const stream = session.request({ ":method": "POST", ":path": "/" }, {
          waitForTrailers: true,
        });
        stream.on("error", () => {});
        stream.write("half");
        void until("reset").then(() => stream.close(code));
      }, code);
      await api.until("began");
      client.tell("reset");
      await api.until("closed");
      assert.ok(!(await api.told("whole")).includes(true), `code ${code}`);
    });
  }
});

withNode.test("a reset of the server reaches the client with its code, before and within an answer", async () => {
  await onStage((stream, headers, { http2 }) => {
    const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR } = http2.constants;
    if (headers[":path"] === "/within") {
      // Else Node sends END_STREAM in front of the reset.
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.write("half", () => stream.close(NGHTTP2_INTERNAL_ERROR));
    } else stream.close(NGHTTP2_ENHANCE_YOUR_CALM);
  }, async ({ client }) => {
    assert.equal((await callHttp2(client, { ":path": "/" })).code, ENHANCE_YOUR_CALM);
    const within = await callHttp2(client, { ":path": "/within" });
    assert.deepEqual([within.status, within.code], [200, INTERNAL_ERROR]);
  });
});

withNode.test("a server that goes away in the middle never looks like a whole answer; the next call gets a new session", async () => {
  await onStage((stream, headers, { echo }) => {
    if (headers[":path"] !== "/gone") return echo(stream);
    stream.respond({ ":status": 200 });
    stream.write("half", () => stream.session!.destroy());
  }, async ({ client }) => {
    const gone = await callHttp2(client, { ":path": "/gone" });
    assert.notEqual(gone.code, 0);
    assert.equal((await callHttp2(client, { ":path": "/" }, "again")).body, "again");
  });
});

withNode.test("after a GOAWAY of the server, new calls use a new session", async () => {
  await onStage((stream, headers, { echo }) => {
    if (headers[":path"] === "/last") stream.session!.goaway(0, stream.id!);
    echo(stream);
  }, async ({ client }) => {
    await client.run(({ session, tell }) => void session.on("goaway", () => tell("goaway")));
    assert.equal((await callHttp2(client, { ":path": "/last" }, "1")).body, "1");
    assert.equal((await callHttp2(client, { ":path": "/" }, "2")).body, "2");
    assert.deepEqual(await client.told("goaway"), []);
  });
});

withNode.test("a 401 is answered with a refreshed credential and the same body, once", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = (request) =>
    makeCredential(
      request,
      [bearer(request.rejected_at === undefined ? "old" : "new")],
      "2100-01-01T00:00:00Z",
    );
  await onStage((stream, headers, { echo }) => {
    if (headers["authorization"] === "Bearer new") return echo(stream);
    stream.resume();
    stream.on("end", () => stream.respond({ ":status": 401 }, { endStream: true }));
  }, async ({ api, client }) => {
    const answer = await callHttp2(client, { ":path": "/" }, "again");
    assert.deepEqual([answer.status, answer.body], [200, "again"]);
    assert.deepEqual(
      (await api.requests()).map((request) => request["authorization"]),
      ["Bearer old", "Bearer new"],
    );
  }, daemon);
});

withNode.test("a credential that cannot be had is told in JSON, and to gRPC by its status", async () => {
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
    assert.deepEqual(await api.requests(), []);
  }, daemon);
});

withNode.test("a server that has no HTTP/2, and names no protocol, is spoken to in HTTP/1.1", async () => {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate([HOST]);
  const server = https.createServer(
    { cert: certificatePem, key: keyPem },
    (request, response) => response.end(`${request.httpVersion} ${request.url}`),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const test = await startTestProxy({
    servers: { [HOST]: (server.address() as { port: number }).port },
    authorities: [authorityPem],
  });
  const client = await openHttp2(test, HOST);

  const answer = await callHttp2(client, { ":path": "/" });

  assert.deepEqual([answer.status, answer.body], [200, "1.1 /"]);
  await client.close();
  await test.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

withNode.test("when the client leaves, the session with the server ends too", async () => {
  await onStage(echo, async ({ api, client }) => {
    await callHttp2(client, { ":path": "/" }, "x");
    assert.equal(await api.sessionCount(), 1);
    await client.close();
    await until(async () => await api.sessionCount() === 0);
  });
});
