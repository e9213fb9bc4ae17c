/** Clients that speak HTTP/1.1, servers that speak HTTP/2 only: the proxy translates. */
import assert from "node:assert/strict";
import { bearer, FakeDaemon, makeCredential } from "../../support/fake_daemon.ts";
import type { ServeStream } from "../../support/http2_peers.ts";
import { type Http2Stage, onHttp2Stage } from "../../support/http2_stage.ts";
import { withNode } from "../../support/node_process.ts";
import type { RawConnection } from "../../support/raw_connection.ts";

const HOST = "api.acme.test";
const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

interface Stage extends Http2Stage {
  readonly client: RawConnection;
}

async function onStage(
  serve: ServeStream,
  body: (stage: Stage) => Promise<void>,
  daemon = new FakeDaemon(),
): Promise<void> {
  await onHttp2Stage(HOST, serve, async (stage) => {
    await body({ ...stage, client: await stage.test.tunnel(HOST) });
  }, { daemon });
}

/** Reads a chunked body, its trailers as they stand. */
async function readChunked(client: RawConnection): Promise<{ body: string; trailers: string }> {
  let body = "";
  for (;;) {
    const size = parseInt(await client.readUntil("\r\n"), 16);
    if (size === 0) break;
    body += await client.readBytes(size);
    await client.readBytes(2);
  }
  let trailers = "";
  for (let line = ""; (line = await client.readUntil("\r\n")) !== "\r\n";) trailers += line;
  return { body, trailers };
}

/** Answers with what came. */
const echo: ServeStream = (stream) => {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
};

withNode.test("a request gets the credential; cookies, lengths and answers without a body keep their shape", async () => {
  await onStage((stream, headers) => {
    if (headers[":method"] === "HEAD") {
      return stream.respond({ ":status": 200, "content-length": 500 }, { endStream: true });
    }
    if (headers[":path"] === "/204") {
      // A length has no meaning there; some servers name one.
      const fields = { ":status": 204, "content-length": 0, trailer: "x-end" };
      return stream.respond(fields, { endStream: true });
    }
    if (headers[":path"] === "/empty") {
      return stream.respond({ ":status": 404 }, { endStream: true });
    }
    stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"], "content-length": 2 });
    stream.end("ok");
  }, async ({ client, api }) => {
    await client.write(
      `GET /a?b HTTP/1.1\r\nHost: ${HOST}\r\nX-Own: 1\r\nConnection: keep-alive\r\nTE: trailers, gzip\r\n\r\n`,
    );
    const { head, body } = await client.readAnswer();
    assert.equal(body, "ok");
    assert.match(head, /^HTTP\/1\.1 200 \r\n/);
    assert.match(head, /set-cookie: a=1\r\nset-cookie: b=2\r\n/);
    for (
      const [method, path, rest] of [
        ["HEAD", "/", "content-length: 500\r\n"],
        ["GET", "/204", ""],
        ["GET", "/empty", "content-length: 0\r\n"],
      ]
    ) {
      await client.write(`${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      const answer = await client.readHead();
      assert.ok(answer.includes(rest!), answer);
      assert.ok(!answer.includes("chunked"), answer);
      if (path === "/204") assert.doesNotMatch(answer, /content-length|trailer/);
    }
    assert.equal(await api.sessionCount(), 1, "one session, used again");
    const [first] = await api.requests();
    assert.deepEqual(
      [
        first![":authority"],
        first![":path"],
        first!["authorization"],
        first!["x-own"],
        first!["te"],
      ],
      [HOST, "/a?b", "Bearer the-real-key", "1", "trailers"],
    );
    assert.equal(first!["connection"], undefined);
  });
});

withNode.test("bodies go both ways, with a length and in chunks", async () => {
  await onStage(echo, async ({ client }) => {
    await client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\nhello`);
    assert.match(await client.readHead(), /transfer-encoding: chunked/);
    assert.equal((await readChunked(client)).body, "hello");
    await client.write(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n` +
        "3;ext=1\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n",
    );
    await client.readHead();
    assert.equal((await readChunked(client)).body, "abc0123456789");
  });
});

withNode.test("trailers of an answer stand behind its last chunk", async () => {
  await onStage((stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "x-sum": "2" }));
    stream.end("hello");
  }, async ({ client }) => {
    await client.write(GET);
    await client.readHead();
    assert.deepEqual(await readChunked(client), { body: "hello", trailers: "x-sum: 2\r\n" });
  });
});

withNode.test("trailers go both ways: behind the last chunk of a request and of its answer", async () => {
  await onStage((stream, _headers, { tell, echo }) => {
    stream.once("trailers", (fields) => tell("trailers", fields));
    echo(stream);
  }, async ({ client, api }) => {
    // Twice: the connection and the session behind it are good for another.
    for (const sum of ["1", "2"]) {
      await client.write(
        `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n` +
          `5\r\nhello\r\n0\r\nX-Sum: ${sum}\r\n\r\n`,
      );
      await client.readHead();
      assert.deepEqual(
        await readChunked(client),
        { body: "hello", trailers: "grpc-status: 0\r\n" },
      );
    }
    assert.deepEqual(await api.told("trailers"), [{ "x-sum": "1" }, { "x-sum": "2" }]);
    assert.equal(await api.sessionCount(), 1);
  });
});

withNode.test("Expect: 100-continue is the server's to answer", async () => {
  await onStage((stream) => {
    stream.additionalHeaders({ ":status": 100 });
    stream.resume();
    stream.once("end", () => {
      if (!stream.destroyed) stream.respond({ ":status": 200 }, { endStream: true });
    });
  }, async ({ client }) => {
    await client.write(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`,
    );
    assert.equal(await client.readHead(), "HTTP/1.1 100 \r\n\r\n");
    await client.write("hi");
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
  });
});

withNode.test("early hints reach the client in front of the answer", async () => {
  await onStage((stream) => {
    stream.additionalHeaders({ ":status": 103, "link": "</a>; rel=preload" });
    stream.respond({ ":status": 200 }, { endStream: true });
  }, async ({ client }) => {
    await client.write(GET);
    assert.equal(await client.readHead(), "HTTP/1.1 103 \r\nlink: </a>; rel=preload\r\n\r\n");
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
  });
});

withNode.test("server-sent events arrive one by one", async () => {
  await onStage(async (stream, _headers, { until }) => {
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    for (let index = 0; index < 3; index++) {
      stream.write(`data: ${index}\n\n`);
      await until(`read ${index}`);
    }
    stream.end();
  }, async ({ client, api }) => {
    await client.write(GET);
    await client.readHead();
    for (let index = 0; index < 3; index++) {
      await client.readUntil(`data: ${index}\n\n`);
      api.tell(`read ${index}`);
    }
    await client.readUntil("0\r\n\r\n");
  });
});

withNode.test("full duplex: the answer begins while the request is still being sent", async () => {
  await onStage(echo, async ({ client }) => {
    await client.write(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n`,
    );
    await client.readHead();
    await client.readUntil("a\r\n");
    await client.write("1\r\nb\r\n0\r\n\r\n");
    await client.readUntil("b\r\n0\r\n\r\n");
  });
});

withNode.test("4 MiB up and 4 MiB down arrive whole", async () => {
  const size = 4 * 1024 * 1024;
  await onStage(echo, async ({ client }) => {
    const sending = (async () => {
      await client.write(`PUT / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${size}\r\n\r\n`);
      for (let sent = 0; sent < size; sent += 65_536) {
        await client.write(new Uint8Array(65_536).fill(97));
      }
    })();
    await client.readHead();
    const { body } = await readChunked(client);
    await sending;
    assert.equal(body.length, size);
    assert.ok(/^a+$/.test(body));
  });
});

withNode.test("a server that does not read holds the client back", async () => {
  await onStage((_stream, _headers, { tell }) => tell("arrived"), async ({ client, api }) => {
    await client.write(
      `PUT / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`,
    );
    let taken = 0;
    const flood = (async () => {
      const piece = new Uint8Array(65_536);
      for (;;) {
        await client.write(piece);
        taken += piece.length;
      }
    })().catch(() => {});
    await api.until("arrived");
    for (let before = -1; before !== taken;) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(taken < 24 * 1024 * 1024, `${taken} bytes went nowhere`);
    client.close();
    await flood;
  });
});

withNode.test("a client that does not read holds the server back", async () => {
  await onStage((stream, _headers, { Buffer, tell }) => {
    stream.respond({ ":status": 200 });
    const piece = Buffer.alloc(65_536);
    let given = 0;
    const more = () => {
      while (!stream.destroyed && given < 64 * 1024 * 1024) {
        given += piece.length;
        tell("given", given);
        if (!stream.write(piece)) return void stream.once("drain", more);
      }
    };
    more();
  }, async ({ client, api }) => {
    await client.write(GET);
    await client.readHead();
    let given = 0;
    for (let before = -1; before !== given;) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 100));
      given = (await api.told<number>("given")).at(-1)!;
    }
    assert.ok(given < 24 * 1024 * 1024, `${given} bytes were piled up`);
    client.close();
  });
});

withNode.test("a reset in the middle of an answer is never a clean end", async () => {
  await onStage(async (stream, _headers, { http2, until }) => {
    // Else Node sends END_STREAM in front of the reset.
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.write("half");
    await until("reset");
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }, async ({ client, api }) => {
    await client.write(GET);
    await client.readUntil("half");
    api.tell("reset");
    await assert.rejects(client.readAll());
  });
});

withNode.test("a reset before the answer: 502 with a reason", async () => {
  await onStage(
    (stream, _headers, { http2 }) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
    async ({ client }) => {
      await client.write(GET);
      const { head, body } = await client.readAnswer();
      assert.match(head, /^HTTP\/1\.1 502 /);
      assert.equal(JSON.parse(body).error, "EndpointUnreachableError");
    },
  );
});

withNode.test("after a GOAWAY the next request has a new session", async () => {
  await onStage((stream) => {
    // In front of the answer: who has read that knows.
    stream.session!.goaway();
    stream.respond({ ":status": 200, "content-length": 2 });
    stream.end("ok");
  }, async ({ client, api }) => {
    for (let i = 0; i < 3; i++) {
      await client.write(GET);
      assert.equal((await client.readAnswer()).body, "ok");
    }
    assert.equal((await api.requests()).length, 3);
  });
});

withNode.test("a request that a GOAWAY crosses on its way is answered all the same", async () => {
  await onStage((stream) => {
    const { session } = stream;
    stream.respond({ ":status": 200, "content-length": 2 });
    stream.end("ok", () => session!.goaway());
  }, async ({ client }) => {
    for (let i = 0; i < 10; i++) {
      await client.write(GET);
      assert.equal((await client.readAnswer()).body, "ok");
    }
  });
});

withNode.test("a client that leaves ends the call at the server", async () => {
  await onStage((stream, _headers, { tell }) => {
    stream.once("close", () => tell("closed"));
    stream.respond({ ":status": 200 });
    stream.write("first");
  }, async ({ client, api }) => {
    await client.write(GET);
    await client.readUntil("first");
    client.close();
    await api.until("closed");
  });
});

withNode.test("a 401 is answered with a refreshed credential and the same body", async () => {
  const daemon = new FakeDaemon();
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  daemon.resolve = (request) =>
    makeCredential(
      request,
      [bearer(request.rejected_at === undefined ? "old" : "new")],
      expires,
    );
  await onStage((stream, headers, { tell }) => {
    let body = "";
    stream.on("data", (piece) => body += piece);
    stream.once("end", () => {
      tell("body", `${headers.authorization} ${body}`);
      const status = headers.authorization === "Bearer new" ? 200 : 401;
      stream.respond({ ":status": status, "content-length": 0 }, { endStream: true });
    });
  }, async ({ client, api }) => {
    await client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nhi`);
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    assert.deepEqual(await api.told("body"), ["Bearer old hi", "Bearer new hi"]);
  }, daemon);
});
