/** Bodies that take their time, are large, or whose other side stops listening. */
import assert from "node:assert/strict";
import type { RawConnection } from "../support/raw_connection.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { signal, withScript } from "../support/scripted_run.ts";

const GET = "GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n";
const MIB = 1024 * 1024;

/** Reads and counts until the connection ends. */
async function drain(connection: RawConnection): Promise<number> {
  const buffer = new Uint8Array(64 * 1024);
  let bytes = 0;
  for (;;) {
    const count = await connection.conn.read(buffer).catch(() => null);
    if (count === null) return bytes;
    bytes += count;
  }
}

Deno.test("server-sent events arrive one by one, each before the next is made", async () => {
  const taken: PromiseWithResolvers<void>[] = Array.from({ length: 5 }, () => signal());
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for (const [index, wait] of taken.entries()) {
      const event = `data: ${index}\n\n`;
      await connection.write(`${event.length.toString(16)}\r\n${event}\r\n`);
      // The next one waits until the client has this one: nothing may be held back.
      await wait.promise;
    }
    await connection.write("0\r\n\r\n");
  }, async ({ client }) => {
    await client.write(GET);
    await client.readHead();
    for (const [index, wait] of taken.entries()) {
      await client.readUntil(`data: ${index}\n\n`);
      wait.resolve();
    }
    await client.readUntil("0\r\n\r\n");
  });
});

Deno.test("full duplex: the answer begins while the request is still being sent", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const letter of "abc") {
      await connection.readUntil(`1\r\n${letter}\r\n`);
      await connection.write(`1\r\n${letter.toUpperCase()}\r\n`);
    }
    await connection.readUntil("0\r\n\r\n");
    await connection.write("0\r\n\r\n");
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    await client.readHead();
    for (const letter of "abc") {
      await client.write(`1\r\n${letter}\r\n`);
      await client.readUntil(`1\r\n${letter.toUpperCase()}\r\n`);
    }
    await client.write("0\r\n\r\n");
    await client.readUntil("0\r\n\r\n");
  });
});

Deno.test("a client that leaves in the middle of an answer ends the server's work", async () => {
  const ended = signal();
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    await drain(connection);
    ended.resolve();
  }, async ({ client }) => {
    await client.write(GET);
    await client.readUntil("1\r\na\r\n");
    client.close();
    await ended.promise;
  });
});

Deno.test("a client that leaves before the answer ends the server's work", async () => {
  const asked = signal();
  const ended = signal();
  await withScript(async (connection) => {
    await connection.readHead();
    asked.resolve();
    await drain(connection);
    ended.resolve();
  }, async ({ client }) => {
    await client.write(GET);
    await asked.promise;
    client.close();
    await ended.promise;
  });
});

for (
  const [name, head] of [
    ["Connection: close", "GET / HTTP/1.1\r\nHost: api.acme.test\r\nConnection: close\r\n\r\n"],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
  ] as const
) {
  Deno.test(`half-close: a client that said its last word (${name}) still gets its answer`, async () => {
    const go = signal();
    await withScript(async (connection) => {
      await connection.readHead();
      await go.promise;
      await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await connection.readAll();
    }, async ({ client }) => {
      await client.write(head);
      await (client.conn as Deno.TlsConn).closeWrite();
      // The proxy has seen the end by then: it comes in front of what happens next.
      setTimeout(() => go.resolve(), 50);
      assert.match(await client.readAll(), /^HTTP\/1\.1 200 [^]*ok$/);
    });
  });
}

Deno.test("half-close: a plain http request and its body, ended by the client's half, are answered", async () => {
  const server = startRawUpstream(null, async (connection) => {
    await connection.readHead();
    await connection.readBytes(4);
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await connection.readAll();
  });
  const test = await startTestProxy({ servers: { "plain.test:80": server.port } });
  const raw = await test.dial();
  await raw.write(
    `POST http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}` +
      "Connection: close\r\nContent-Length: 4\r\n\r\nbody",
  );
  await (raw.conn as Deno.TcpConn).closeWrite();
  assert.match(await raw.readAll(), /^HTTP\/1\.1 200 [^]*ok$/);
  await test.close();
  await server.close();
});

Deno.test("a client that leaves in the middle of an upload ends the server's work", async () => {
  const ended = signal<number>();
  await withScript(async (connection) => {
    await connection.readHead();
    ended.resolve(await drain(connection));
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 1000\r\n\r\nhalf",
    );
    client.close();
    assert.ok(await ended.promise < 1000);
  });
});

Deno.test("a large download is whole", async () => {
  const piece = new Uint8Array(256 * 1024).fill(97);
  const pieces = 64;
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${piece.length * pieces}\r\n\r\n`);
    for (let i = 0; i < pieces; i++) await connection.write(piece);
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(GET);
    await client.readHead();
    const buffer = new Uint8Array(64 * 1024);
    let left = piece.length * pieces;
    while (left > 0) left -= (await client.conn.read(buffer))!;
    assert.equal(left, 0);
  });
});

Deno.test("a large chunked upload is whole and the connection goes on", async () => {
  const data = "b".repeat(64 * 1024);
  const chunk = `${data.length.toString(16)}\r\n${data}\r\n`;
  const chunks = 128;
  await withScript(async (connection) => {
    await connection.readHead();
    for (let i = 0; i < chunks; i++) assert.equal(await connection.readBytes(chunk.length), chunk);
    assert.equal(await connection.readBytes(5), "0\r\n\r\n");
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for (let i = 0; i < chunks; i++) await client.write(chunk);
    await client.write("0\r\n\r\n");
    assert.match(await client.readHead(), /^HTTP\/1.1 200 OK\r\nContent-Length: 0\r\n\r\n$/);
  });
});

/** Writes until nothing is taken any more for a while; the number of bytes. */
async function flood(connection: RawConnection, limit: number): Promise<number> {
  const piece = new Uint8Array(64 * 1024);
  for (let sent = 0; sent < limit;) {
    const timer = Promise.withResolvers<null>();
    const handle = setTimeout(() => timer.resolve(null), 500);
    const count = await Promise.race([
      connection.conn.write(piece).catch(() => null),
      timer.promise,
    ]);
    clearTimeout(handle);
    if (count === null) return sent;
    sent += count;
  }
  return limit;
}

Deno.test("a server that stops reading stops the client (W1), nothing is piled up", async () => {
  const done = signal();
  await withScript(async (connection) => {
    await connection.readHead();
    await done.promise; // reads nothing more
  }, async ({ client }) => {
    await client.write(
      `POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: ${500 * MIB}\r\n\r\n`,
    );
    const sent = await flood(client, 200 * MIB);
    done.resolve();
    // What fits into the sockets' buffers of four hops, and no more.
    assert.ok(sent < 64 * MIB, `${sent} bytes were taken`);
  });
});

Deno.test("a client that stops reading stops the server", async () => {
  const sent = signal<number>();
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${500 * MIB}\r\n\r\n`);
    sent.resolve(await flood(connection, 200 * MIB));
  }, async ({ client }) => {
    await client.write(GET);
    await client.readHead();
    const bytes = await sent.promise;
    assert.ok(bytes < 64 * MIB, `${bytes} bytes were taken`);
  });
});

const UPGRADE =
  "GET /socket HTTP/1.1\r\nHost: api.acme.test\r\nConnection: keep-alive, Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

Deno.test("WebSocket: the handshake carries the credential, then bytes flow both ways", async () => {
  let seen = "";
  await withScript(async (connection) => {
    seen = await connection.readHead();
    // A frame right behind the head must not be lost.
    await connection.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
    );
    await connection.write(await connection.readBytes(70_000));
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(UPGRADE);
    assert.equal(
      await client.readHead(),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
    assert.equal(await client.readBytes(5), "hello");
    const frame = "\x82\x00\xff".repeat(25_000).slice(0, 70_000);
    await client.write(frame);
    assert.equal(await client.readBytes(70_000), frame);
  });
  assert.match(seen, /^GET \/socket HTTP\/1.1\r\n/);
  assert.match(seen, /\r\nAuthorization: Bearer the-real-key\r\n/);
  assert.match(seen, /\r\nUpgrade: websocket\r\n/);
  assert.match(seen, /\r\nConnection: Upgrade\r\n/);
  assert.match(seen, /\r\nSec-WebSocket-Protocol: chat\r\n/);
});

Deno.test("an upgrade that the server declines is an ordinary answer", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(UPGRADE);
    assert.equal((await client.readAnswer()).body, "no");
  });
});

Deno.test("an upgrade to HTTP/2 in clear text is not passed on: its requests would be unseen", async () => {
  let seen = "";
  await withScript(async (connection) => {
    seen = await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "GET / HTTP/1.1\r\nHost: api.acme.test\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    );
    assert.equal((await client.readAnswer()).body, "ok");
  });
  assert.doesNotMatch(seen, /upgrade|http2-settings/i);
});
