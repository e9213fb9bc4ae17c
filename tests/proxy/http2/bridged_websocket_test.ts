/** WebSockets of HTTP/1.1 clients to servers that speak HTTP/2 only (RFC 8441). */
import assert from "node:assert/strict";
import { F, type FramePeer, numbers, settings, T } from "../../support/frame_peer.ts";
import type { ServeStream } from "../../support/http2_peers.ts";
import { type Http2Stage, onHttp2Stage } from "../../support/http2_stage.ts";
import { withNode } from "../../support/node_process.ts";
import type { RawConnection } from "../../support/raw_connection.ts";
import { HOST, onRawStage } from "../../support/raw_http2_stage.ts";

/** The example of RFC 6455 section 1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const HANDSHAKE =
  `GET /chat?room=1 HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, other\r\n` +
  `Origin: https://acme.test\r\n\r\n`;
const CONNECT_PROTOCOL = settings([8, 1]);
const [CANCEL, REFUSED] = [8, 7];

interface Stage extends Http2Stage {
  readonly client: RawConnection;
}

async function onStage(
  serve: ServeStream,
  body: (stage: Stage) => Promise<void>,
  enableConnectProtocol = true,
): Promise<void> {
  await onHttp2Stage(HOST, serve, async (stage) => {
    await body({ ...stage, client: await stage.test.tunnel(HOST) });
  }, { settings: { enableConnectProtocol } });
}

/** Opens every WebSocket, and gives back what comes. */
const echo: ServeStream = (stream, _headers, { tell }) => {
  stream.respond({ ":status": 200, "sec-websocket-protocol": "chat" });
  stream.once("end", () => tell("ended"));
  stream.once("close", () => tell("closed", stream.rstCode));
  stream.pipe(stream);
};

withNode.test("the handshake carries the credential, then bytes flow both ways until both have ended", async () => {
  await onStage(echo, async ({ client, api }) => {
    await client.write(HANDSHAKE);
    const head = await client.readHead();
    assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(head, /\r\nUpgrade: websocket\r\n/i);
    assert.match(head, /\r\nConnection: Upgrade\r\n/i);
    assert.ok(head.includes(`\r\nsec-websocket-accept: ${ACCEPT}\r\n`));
    assert.match(head, /\r\nsec-websocket-protocol: chat\r\n/);

    // A message that looks like a request is none.
    for (const message of ["\x81\x02hi", `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`]) {
      await client.write(message);
      assert.equal(await client.readBytes(message.length), message);
    }
    await client.conn.closeWrite();
    await api.until("ended");
    assert.equal(await client.readAll(), "");
    assert.equal(await api.until("closed"), 0);

    const [request] = await api.requests();
    assert.deepEqual(
      [":method", ":protocol", ":scheme", ":path", ":authority"].map((name) => request![name]),
      ["CONNECT", "websocket", "https", "/chat?room=1", HOST],
    );
    assert.equal(request!["authorization"], "Bearer the-real-key");
    assert.equal(request!["sec-websocket-version"], "13");
    assert.equal(request!["sec-websocket-protocol"], "chat, other");
    assert.equal(request!["origin"], "https://acme.test");
    for (const name of ["sec-websocket-key", "upgrade", "connection"]) {
      assert.equal(request![name], undefined, name);
    }
  });
});

withNode.test("4 MiB go both ways at once, whole", async () => {
  const size = 4 * 1024 * 1024;
  await onStage(echo, async ({ client }) => {
    await client.write(HANDSHAKE);
    await client.readHead();
    const sending = (async () => {
      for (let sent = 0; sent < size; sent += 65_536) {
        await client.write(new Uint8Array(65_536).fill(97));
      }
    })();
    const came = await client.readBytes(size);
    await sending;
    assert.ok(/^a+$/.test(came));
    client.close();
  });
});

withNode.test("a server that declines is answered to the client as it is, and asked again", async () => {
  await onStage((stream, headers) => {
    if (headers[":method"] === "CONNECT") {
      stream.respond({ ":status": 403, "content-length": 2 });
      return stream.end("no");
    }
    stream.respond({ ":status": 200, "content-length": 2 });
    stream.end("ok");
  }, async ({ client, api }) => {
    await client.write(HANDSHAKE);
    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 403 /);
    assert.equal(body, "no");
    await client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.equal((await client.readAnswer()).body, "ok");
    assert.equal((await api.requests()).length, 2);
  });
});

withNode.test("a server that offers none of it: 502 with the reason, and nothing reaches it", async () => {
  await onStage(echo, async ({ client, api }) => {
    await client.write(HANDSHAKE);
    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 502 /);
    assert.match(JSON.parse(body).message, /speaks HTTP\/2 only, and offers no WebSockets there/);
    assert.deepEqual(await api.requests(), []);
  }, false);
});

withNode.test("a client that leaves ends the WebSocket at the server", async () => {
  await onStage(echo, async ({ client, api }) => {
    await client.write(`${HANDSHAKE}`);
    await client.readHead();
    await client.write("x");
    await client.readBytes(1);
    client.close();
    await api.until("closed");
  });
});

/** A client of HTTP/1.1 that has sent the handshake, and the server that got it on stream 1. */
async function onFrames(
  body: (client: RawConnection, server: FramePeer, next: () => Promise<FramePeer>) => Promise<void>,
): Promise<void> {
  await onRawStage(async ({ test, accept }) => {
    const client = await test.tunnel(HOST);
    await client.write(HANDSHAKE);
    const next = () => accept(CONNECT_PROTOCOL);
    using server = await next();
    await server.nextOf(T.HEADERS, 1);
    await body(client, server, next);
  });
}

Deno.test("a WebSocket that the server breaks off has no clean end, and its end is one", async () => {
  for (const breaksOff of [true, false]) {
    await onFrames(async (client, server) => {
      await server.sendHead(1, [[":status", "200"]]);
      await server.send(T.DATA, 0, 1, new Uint8Array(3));
      await client.readHead();
      await client.readBytes(3);
      if (breaksOff) await server.send(T.RST_STREAM, 0, 1, numbers(CANCEL));
      else await server.send(T.DATA, F.END_STREAM, 1);
      const isClean = await client.readAll().then(() => true, () => false);
      assert.equal(isClean, !breaksOff);
      client.close();
    });
  }
});

Deno.test("a handshake that a server refused unread is sent again, once", async () => {
  await onFrames(async (client, server, next) => {
    await server.send(T.RST_STREAM, 0, 1, numbers(REFUSED));
    using second = await next();
    const head = await second.nextOf(T.HEADERS, 1);
    assert.equal(head!.flags & F.END_STREAM, 0);
    await second.sendHead(1, [[":status", "200"]]);
    assert.match(await client.readHead(), /^HTTP\/1\.1 101 /);
    await client.write("hello");
    const { payload } = (await second.nextOf(T.DATA, 1))!;
    assert.equal(new TextDecoder().decode(payload), "hello");
    // A client that ends has nothing more to say; the server may have.
    client.close();
    const end = (await second.nextOf(T.DATA, 1))!;
    assert.deepEqual([end.flags, end.payload.length], [F.END_STREAM, 0]);
  });
});

Deno.test("what a server says of lengths and keys behind CONNECT means nothing", async () => {
  await onFrames(async (client, server) => {
    await server.sendHead(1, [
      [":status", "200"],
      ["content-length", "1"],
      ["sec-websocket-accept", "other"],
      ["transfer-encoding", "chunked"],
      ["x-own", "1"],
    ]);
    await server.send(T.DATA, 0, 1, new TextEncoder().encode("hello"));
    const head = await client.readHead();
    assert.doesNotMatch(head, /content-length|transfer-encoding|other/);
    assert.match(head, /\r\nx-own: 1\r\n/);
    assert.equal(head.split(ACCEPT).length, 2);
    assert.equal(await client.readBytes(5), "hello");
    client.close();
  });
});

Deno.test("a server that switches protocols, which HTTP/2 does not have, opens no WebSocket", async () => {
  await onFrames(async (client, server) => {
    await server.sendHead(1, [[":status", "101"], ["upgrade", "websocket"]]);
    await server.sendHead(1, [[":status", "404"], ["content-length", "0"]], { endStream: true });
    assert.match(await client.readHead(), /^HTTP\/1\.1 404 /);
    client.close();
  });
});

Deno.test("an upgrade to something else reaches the server as an ordinary request", async () => {
  await onRawStage(async ({ test, accept }) => {
    const client = await test.tunnel(HOST);
    await client.write(HANDSHAKE.replace("Upgrade: websocket", "Upgrade: irc/6.9"));
    using server = await accept(CONNECT_PROTOCOL);
    const head = (await server.nextOf(T.HEADERS, 1))!;
    assert.deepEqual(server.fields(head)[0], [":method", "GET"]);
    assert.notEqual(head.flags & F.END_STREAM, 0);
    await server.sendHead(1, [[":status", "200"], ["content-length", "0"]], { endStream: true });
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    client.close();
  });
});
