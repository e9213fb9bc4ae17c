/** Clients that speak HTTP/2 only, servers that speak HTTP/1.1 only: the proxy translates. */
import assert from "node:assert/strict";
import type { Dialer } from "../../../proxy/dial.ts";
import { Http2Connector, NoHttp2 } from "../../../proxy/http2_connector.ts";
import type { FieldLine } from "../../../proxy/http2/hpack/field_line.ts";
import { F, FramePeer, loopbackPair, numberAt, numbers, T } from "../../support/frame_peer.ts";
import { startTestProxy, type TestProxy } from "../../support/proxy_bench.ts";
import { headOf, HOST } from "../../support/raw_http2_stage.ts";
import type { RawConnection } from "../../support/raw_connection.ts";
import { startRawUpstream } from "../../support/raw_upstream.ts";
import { relayStream } from "../../support/relayed_stream.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const EMPTY = `${OK}Content-Length: 0\r\n\r\n`;

interface Stage {
  readonly client: FramePeer;
  readonly test: TestProxy;
  /** Connections that the server took, with the one that was asked for HTTP/2. */
  readonly accepted: () => number;
}

async function onStage(
  serve: (server: RawConnection, index: number) => Promise<void>,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const api = startRawUpstream(HOST, serve);
  ends.defer(api.close);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  const client = ends.use(
    new FramePeer((await test.tunnel(HOST, { protocols: ["h2"] })).conn),
  );
  await client.greetAsClient();
  await body({ client, test, accepted: api.accepted });
}

/** The answer on that stream, read to its end. */
async function readAnswer(
  client: FramePeer,
  id: number,
): Promise<{ heads: (readonly FieldLine[])[]; body: string }> {
  const heads: (readonly FieldLine[])[] = [];
  let body = "";
  for (;;) {
    const seen = (await client.next())!;
    if (seen.streamId !== id) continue;
    if (seen.type === T.HEADERS) heads.push(client.fields(seen));
    else if (seen.type === T.DATA) body += new TextDecoder("latin1").decode(seen.payload);
    else if (seen.type === T.RST_STREAM) throw new Error(`reset: ${numberAt(seen.payload, 0)}`);
    else continue;
    if ((seen.flags & F.END_STREAM) !== 0) return { heads, body };
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a request gets the credential, its cookies are one line; the answer's fields keep theirs", async () => {
  const seen: string[] = [];
  await onStage(async (server) => {
    seen.push(await server.readHead());
    await server.write(
      `${OK}Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok`,
    );
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET", "/a?b", ["cookie", "x=1"], ["cookie", "y=2"]), {
      endStream: true,
    });
    const { heads, body } = await readAnswer(client, 1);

    assert.equal(body, "ok");
    assert.deepEqual(heads, [[
      [":status", "200"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["content-length", "2"],
    ]]);
    assert.match(seen[0]!, /^GET \/a\?b HTTP\/1\.1\r\nhost: api\.acme\.test\r\n/);
    assert.match(seen[0]!, /\r\ncookie: x=1; y=2\r\n/);
    assert.match(seen[0]!, /\r\nauthorization: Bearer the-real-key\r\n/i);
    assert.doesNotMatch(seen[0]!, /transfer-encoding|content-length/);
  });
});

Deno.test("a body and its trailers go both ways in chunks, and with a length as it is", async () => {
  const seen: string[] = [];
  await onStage(async (server) => {
    await server.readHead();
    seen.push(await server.readUntil("0\r\nx-sum: 5\r\n\r\n"));
    await server.write(
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nX-Sum: 6\r\n\r\n`,
    );
    const head = await server.readHead();
    assert.match(head, /content-length: 4\r\n/);
    assert.doesNotMatch(head, /transfer-encoding/);
    seen.push(await server.readBytes(4));
    await server.write(EMPTY);
  }, async ({ client }) => {
    await client.sendHead(1, headOf("POST"));
    await client.send(T.DATA, 0, 1, bytes("hello"));
    await client.sendHead(1, [["x-sum", "5"]], { endStream: true });
    const { heads, body } = await readAnswer(client, 1);
    assert.equal(body, "abcde");
    assert.deepEqual(heads[1], [["x-sum", "6"]]);

    await client.sendHead(3, headOf("PUT", "/", ["content-length", "4"]));
    await client.send(T.DATA, F.END_STREAM, 3, bytes("four"));
    assert.equal((await readAnswer(client, 3)).heads.length, 1);
    assert.deepEqual(seen, ["5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n", "four"]);
  });
});

Deno.test("trailers behind a length: announced ones have chunks, others are left out", async () => {
  const seen: string[] = [];
  await onStage(async (server) => {
    seen.push(await server.readHead(), await server.readUntil("0\r\nx-sum: 5\r\n\r\n"));
    await server.write(EMPTY);
    seen.push(await server.readHead(), await server.readBytes(5));
    await server.write(EMPTY);
  }, async ({ client }) => {
    for (const [id, ...announced] of [[1, ["trailer", "x-sum"]], [3]] as const) {
      await client.sendHead(id, headOf("POST", "/", ["content-length", "5"], ...announced));
      await client.send(T.DATA, 0, id, bytes("hello"));
      await client.sendHead(id, [["x-sum", "5"]], { endStream: true });
      assert.deepEqual((await readAnswer(client, id)).heads[0]![0], [":status", "200"]);
    }
    const [withChunks, inChunks, withLength, asItIs] = seen;
    assert.match(withChunks!, /\r\ntransfer-encoding: chunked\r\n/);
    assert.doesNotMatch(withChunks!, /content-length/);
    assert.equal(inChunks, "5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n");
    assert.match(withLength!, /\r\ncontent-length: 5\r\n/);
    assert.equal(asItIs, "hello");
  });
});

Deno.test("answers without a body, hints in front of one, and one that lasts until the end keep their shape", async () => {
  await onStage(async (server) => {
    assert.match(await server.readHead(), /^HEAD /);
    await server.write(`${OK}Content-Length: 500\r\n\r\n`);
    assert.match(await server.readHead(), /^POST \/ [^]*content-length: 0\r\n/);
    await server.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 None\r\n\r\n");
    await server.readHead();
    await server.write(`${OK}\r\nto the end`);
  }, async ({ client }) => {
    const ask = async (id: number, method: string) => {
      await client.sendHead(id, headOf(method), { endStream: true });
      return await readAnswer(client, id);
    };
    assert.deepEqual(await ask(1, "HEAD"), {
      heads: [[[":status", "200"], ["content-length", "500"]]],
      body: "",
    });
    assert.deepEqual(await ask(3, "POST"), {
      heads: [[[":status", "103"], ["link", "</a>"]], [[":status", "204"]]],
      body: "",
    });
    assert.equal((await ask(5, "GET")).body, "to the end");
  });
});

Deno.test("Expect: 100-continue is the server's to answer", async () => {
  await onStage(async (server) => {
    assert.match(await server.readHead(), /expect: 100-continue\r\n/);
    await server.write("HTTP/1.1 100 Continue\r\n\r\n");
    await server.readBytes(2);
    await server.write(EMPTY);
  }, async ({ client }) => {
    const head = headOf("POST", "/", ["content-length", "2"], ["expect", "100-continue"]);
    await client.sendHead(1, head);
    const interim = await client.nextOf(T.HEADERS, 1);
    assert.deepEqual(client.fields(interim!), [[":status", "100"]]);
    await client.send(T.DATA, F.END_STREAM, 1, bytes("hi"));
    assert.deepEqual((await readAnswer(client, 1)).heads[0]![0], [":status", "200"]);
  });
});

Deno.test("streams that are open at once have a connection each, later ones use them again", async () => {
  const asked = Promise.withResolvers<void>();
  let count = 0;
  await onStage(async (server) => {
    for (;;) {
      await server.readHead();
      if (++count === 3) asked.resolve();
      await asked.promise;
      await server.write(EMPTY);
    }
  }, async ({ client, accepted }) => {
    for (const id of [1, 3, 5]) await client.sendHead(id, headOf("GET"), { endStream: true });
    for (const _ of [1, 3, 5]) assert.ok(await client.nextOf(T.HEADERS));
    const before = accepted();
    await client.sendHead(7, headOf("GET"), { endStream: true });
    assert.ok(await client.nextOf(T.HEADERS, 7));
    assert.equal(accepted(), before);
  });
});

Deno.test("half an answer is never a whole one", async () => {
  await onStage(async (server) => {
    await server.readHead();
    await server.write(`${OK}Content-Length: 10\r\n\r\nhalf`);
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET"), { endStream: true });
    await assert.rejects(readAnswer(client, 1), /reset: 2/);
  });
});

for (const code of [8, 0]) {
  Deno.test(`a client that resets its stream with ${code} ends the exchange with the server`, async () => {
    await resetEndsTheExchange(code);
  });
}

async function resetEndsTheExchange(code: number): Promise<void> {
  const left = Promise.withResolvers<void>();
  await onStage(async (server, index) => {
    await server.readHead();
    if (index > 1) return await server.write(EMPTY);
    await server.write(`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
    await server.readAll().catch(() => {});
    left.resolve();
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET"), { endStream: true });
    await client.nextOf(T.DATA, 1);
    await client.send(T.RST_STREAM, 0, 1, numbers(code));
    await left.promise;
    await client.sendHead(3, headOf("GET"), { endStream: true });
    assert.deepEqual((await readAnswer(client, 3)).heads[0]![0], [":status", "200"]);
  });
}

Deno.test("a client that does not read holds the server back", async () => {
  let given = 0;
  await onStage(async (server) => {
    await server.readHead();
    await server.write(`${OK}Content-Length: ${64 * 1024 * 1024}\r\n\r\n`);
    for (const piece = new Uint8Array(65_536);;) {
      await server.write(piece);
      given += piece.length;
    }
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET"), { endStream: true });
    await client.nextOf(T.DATA, 1);
    for (let before = -1; before !== given;) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(given < 24 * 1024 * 1024, `${given} bytes were piled up`);
  });
});

Deno.test("the same is refused as over HTTP/1.1, with the same words, and nothing reaches the server", async () => {
  const seen: string[] = [];
  await onStage(async (server) => {
    for (;;) {
      seen.push((await server.readHead()).split("\r\n")[0]!);
      await server.write(EMPTY);
    }
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET"), { endStream: true });
    await readAnswer(client, 1);
    const refused: readonly (readonly [FieldLine[], string])[] = [
      [headOf("TRACE"), "405"],
      [headOf("GET", "https://evil.test/"), "400"],
      [headOf("GET").map(([n, v]) => [n, n === ":authority" ? "evil.test" : v]), "421"],
      [headOf("POST", "/", ["transfer-encoding", "chunked"]), "400"],
      [headOf("GET", "/ HTTP/1.1"), "400"],
    ];
    for (const [index, [head, status]] of refused.entries()) {
      const id = 3 + 2 * index;
      await client.sendHead(id, head, { endStream: true });
      const { heads, body } = await readAnswer(client, id);
      assert.deepEqual(heads[0]![0], [":status", status]);
      assert.ok(JSON.parse(body).error);
    }
    assert.deepEqual(seen, ["GET / HTTP/1.1"]);
  });
});

Deno.test("gRPC is not translated: its call is told that the server does not speak HTTP/2", async () => {
  const seen: string[] = [];
  await onStage(async (server) => {
    seen.push(await server.readHead());
    await server.write(EMPTY);
  }, async ({ client }) => {
    for (const id of [1, 3]) {
      const head = headOf("POST", "/acme.Api/Call", ["content-type", "application/grpc"]);
      await client.sendHead(id, head, { endStream: true });
      const fields = new Map((await readAnswer(client, id)).heads[0]);
      assert.equal(fields.get("grpc-status"), "14");
      assert.match(fields.get("grpc-message")!, /speaks HTTP\/2 only, and the server does not/);
    }
    assert.deepEqual(seen, []);
  });
});

Deno.test("gRPC-Web is translated: it is at home in HTTP/1.1", async () => {
  await onStage(async (server) => {
    await server.readHead();
    await server.write(`${OK}Content-Type: application/grpc-web\r\nContent-Length: 2\r\n\r\nok`);
  }, async ({ client }) => {
    const head = headOf("POST", "/acme.Api/Call", ["content-type", "application/grpc-web+proto"]);
    await client.sendHead(1, head, { endStream: true });
    assert.equal((await readAnswer(client, 1)).body, "ok");
  });
});

Deno.test("a body whose beginning went to a session of HTTP/2 never goes on in HTTP/1.1", async () => {
  const [own, other] = await loopbackPair();
  using server = new FramePeer(other);
  const connections = [own];
  const answered: (number | null)[] = [];
  let isServed = false;
  await relayStream({
    connect: async () => connections.shift() ?? await Promise.reject(new NoHttp2(HOST)),
    onAnswer: (status) => answered.push(status),
    downgrade: {
      isNeeded: () => false,
      serve: (stream) => {
        isServed = true;
        stream.reset(0);
        return Promise.resolve();
      },
    },
  }, async (client) => {
    await client.sendHead(1, headOf("POST"));
    await client.send(T.DATA, 0, 1, bytes("one "));
    await server.greetAsServer();
    await server.nextOf(T.DATA, 1);
    await server.send(T.GOAWAY, 0, 0, numbers(0, 0));
    await client.send(T.DATA, F.END_STREAM, 1, bytes("two"));

    const { heads, body } = await readAnswer(client, 1);
    assert.deepEqual(heads[0]![0], [":status", "502"]);
    assert.match(JSON.parse(body).message, /speaks HTTP\/2 only, and the server does not/);
    assert.equal(isServed, false);
    assert.deepEqual(answered, [null]);
  });
});

Deno.test("a server that has HTTP/2 after all is known to have it", async () => {
  let protocol: string | null = null;
  const connection = { close: () => {} };
  const negotiate = () => Promise.resolve({ connection, protocol });
  const connector = new Http2Connector({ negotiate } as unknown as Dialer);
  const endpoint = { host: HOST, port: 443, allowPrivate: false };

  await assert.rejects(connector.connect(endpoint), NoHttp2);
  assert.ok(connector.isWithout(endpoint));
  protocol = "h2";
  assert.equal(await connector.connect(endpoint), connection);
  assert.ok(!connector.isWithout(endpoint));
});

Deno.test("an answer that breaks the rules is 502 with the reason", async () => {
  await onStage(async (server) => {
    await server.readHead();
    await server.write(`${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
  }, async ({ client }) => {
    await client.sendHead(1, headOf("GET"), { endStream: true });
    const { heads, body } = await readAnswer(client, 1);
    assert.deepEqual(heads[0]![0], [":status", "502"]);
    assert.equal(JSON.parse(body).error, "BadGatewayError");
  });
});
