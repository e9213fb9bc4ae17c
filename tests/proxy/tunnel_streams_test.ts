/** What decrypted hosts are tested for, through tunnels that are not looked into and for plain http. */
import assert from "node:assert/strict";
import { callHttp2, openHttp2, startHttp2Upstream } from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { type Script, startRawUpstream } from "../support/raw_upstream.ts";
import { signal } from "../support/scripted_run.ts";

const TUNNEL = "other.test";
const PLAIN = "plain.test";

/** How a request reaches the server. */
const WAYS = {
  "a tunnel": {
    server: `${TUNNEL}:9`,
    open: async (test: TestProxy) => (await test.connect(`${TUNNEL}:9`)).raw,
    head: (method: string) => `${method} / HTTP/1.1\r\nHost: ${TUNNEL}:9\r\n`,
  },
  "plain http": {
    server: `${PLAIN}:80`,
    open: (test: TestProxy) => test.dial(),
    head: (method: string, test: TestProxy) =>
      `${method} http://${PLAIN}/ HTTP/1.1\r\nHost: ${PLAIN}\r\n${test.authorization}`,
  },
} as const;

type Way = keyof typeof WAYS;

async function onStage(
  way: Way,
  script: Script,
  body: (client: RawConnection, head: (method: string) => string) => Promise<void>,
): Promise<void> {
  const server = startRawUpstream(null, script);
  const { server: place, open, head } = WAYS[way];
  const test = await startTestProxy({ servers: { [place]: server.port } });
  try {
    await body(await open(test), (method) => head(method, test));
  } finally {
    await test.close();
    await server.close();
  }
}

for (const way of Object.keys(WAYS) as Way[]) {
  Deno.test(`${way}: server-sent events arrive one by one`, async () => {
    const taken = [signal(), signal(), signal()];
    await onStage(way, async (connection) => {
      await connection.readHead();
      await connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const [index, wait] of taken.entries()) {
        await connection.write(`9\r\ndata: ${index}\n\n\r\n`);
        await wait.promise;
      }
      await connection.write("0\r\n\r\n");
    }, async (client, head) => {
      await client.write(`${head("GET")}\r\n`);
      await client.readHead();
      for (const [index, wait] of taken.entries()) {
        await client.readUntil(`data: ${index}\n\n`);
        wait.resolve();
      }
      await client.readUntil("0\r\n\r\n");
    });
  });

  Deno.test(`${way}: chunks, trailers, duplicate cookies and a body that is no valid gzip pass as they are`, async () => {
    const upload = "5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";
    const answer =
      "HTTP/1.1 200 Fine\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: gzip\r\n" +
      "Trailer: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\x00\xff\x1f\r\n0\r\nx: y\r\n\r\n";
    let got = "";
    await onStage(way, async (connection) => {
      await connection.readHead();
      got = await connection.readBytes(upload.length);
      await connection.write(answer);
      await connection.readAll();
    }, async (client, head) => {
      await client.write(`${head("POST")}Transfer-Encoding: chunked\r\n\r\n${upload}`);
      assert.equal(await client.readBytes(answer.length), answer);
    });
    assert.equal(got, upload);
  });

  Deno.test(`${way}: Expect: 100-continue is the server's to answer, and HEAD has no body`, async () => {
    await onStage(way, async (connection) => {
      await connection.readHead();
      await connection.write("HTTP/1.1 100 Continue\r\n\r\n");
      assert.equal(await connection.readBytes(4), "body");
      await connection.write("HTTP/1.1 204 No Content\r\n\r\n");
      await connection.readHead();
      await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
      await connection.readHead();
      await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await connection.readAll();
    }, async (client, head) => {
      await client.write(`${head("POST")}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
      assert.equal(await client.readHead(), "HTTP/1.1 100 Continue\r\n\r\n");
      await client.write("body");
      assert.equal(await client.readHead(), "HTTP/1.1 204 No Content\r\n\r\n");
      await client.write(`${head("HEAD")}\r\n`);
      assert.match(await client.readHead(), /Content-Length: 500/);
      await client.write(`${head("GET")}\r\n`);
      assert.equal((await client.readAnswer()).body, "ok");
    });
  });

  Deno.test(`${way}: pipelined requests, and an answer before the upload has ended`, async () => {
    await onStage(way, async (connection) => {
      for (let i = 0; i < 3; i++) {
        await connection.readHead();
        await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${i}`);
      }
      await connection.readHead();
      await connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
      await connection.readAll().catch(() => {});
    }, async (client, head) => {
      await client.write(`${head("GET")}\r\n`.repeat(3));
      for (let i = 0; i < 3; i++) assert.equal((await client.readAnswer()).body, String(i));
      await client.write(`${head("POST")}Content-Length: 100000000\r\n\r\n`);
      await client.write("x".repeat(50_000));
      assert.equal((await client.readAnswer()).body, "big");
    });
  });

  Deno.test(`${way}: WebSocket frames pass in both directions`, async () => {
    await onStage(way, async (connection) => {
      assert.match(await connection.readHead(), /Upgrade: websocket\r\n/);
      await connection.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      );
      await connection.write(await connection.readBytes(6));
      await connection.readAll();
    }, async (client, head) => {
      await client.write(`${head("GET")}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
      assert.match(await client.readHead(), / 101 [^]*Upgrade: websocket\r\n/);
      await client.write("\x81\x84\x00\xff\r\n");
      assert.equal(await client.readBytes(6), "\x81\x84\x00\xff\r\n");
    });
  });

  Deno.test(`${way}: who stops reading stops the other side`, async () => {
    let taken = 0;
    const flood = async (connection: RawConnection) => {
      const piece = new Uint8Array(64 * 1024);
      for (;;) {
        await connection.write(piece);
        taken += piece.length;
      }
    };
    const standstill = async () => {
      for (let seen = -1; seen !== taken;) {
        seen = taken;
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    };
    const done = signal();
    await onStage(way, async (connection) => {
      await connection.readHead();
      await done.promise;
    }, async (client, head) => {
      await client.write(`${head("PUT")}Content-Length: 1000000000\r\n\r\n`);
      const flooding = flood(client).catch(() => {});
      await standstill();
      client.close();
      done.resolve();
      await flooding;
    });
    assert.ok(taken < 32 * 1024 * 1024, `${taken} bytes went nowhere`);
    taken = 0;
    await onStage(way, async (connection) => {
      await connection.readHead();
      await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
      await flood(connection);
    }, async (client, head) => {
      await client.write(`${head("GET")}\r\n`);
      await client.readHead();
      await standstill();
    });
    assert.ok(taken < 32 * 1024 * 1024, `${taken} bytes were piled up`);
  });
}

withNode.test("a tunnel: HTTP/2 with trailers, from end to end", async () => {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([TUNNEL], (stream, _headers, { echo }) => echo(stream));
  ends.defer(api.close);
  const test = await startTestProxy({ servers: { [TUNNEL]: api.port } });
  ends.defer(test.close);
  const { proxy: { port }, authorization } = test;
  const proxy = { port, authority: { certificatePem: api.authorityPem } };
  const client = await openHttp2({ proxy, authorization }, TUNNEL);
  ends.defer(client.close);

  const { body, trailers } = await callHttp2(client, { ":path": "/" }, "hello");

  assert.equal(trailers["grpc-status"], "0");
  assert.equal(body, "hello");
});
