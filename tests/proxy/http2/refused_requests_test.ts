/**
 * Requests that a server says it did nothing with (RFC 9113 section 8.7): they are sent again, whole,
 * whatever their method; those that cannot be are never sent by half.
 */
import assert from "node:assert/strict";
import { Http1Bridge } from "../../../proxy/http2/http1_bridge.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { F, FramePeer, loopbackPair, numbers, T } from "../../support/frame_peer.ts";
import { OK } from "../../support/frame_rules.ts";
import { headOf, onRawStage } from "../../support/raw_http2_stage.ts";
import type { RawConnection } from "../../support/raw_connection.ts";

const HOST = "api.acme.test";
const REFUSED_STREAM = 7;

const bytes = (text: string) => new TextEncoder().encode(text);

/** How a server says so. */
const REFUSALS: Readonly<Record<string, (server: FramePeer, id: number) => Promise<void>>> = {
  "GOAWAY": (server, id) => server.send(T.GOAWAY, 0, 0, numbers(id - 1, 0)),
  "REFUSED_STREAM": (server, id) => server.send(T.RST_STREAM, 0, id, numbers(REFUSED_STREAM)),
};

/** Reads a body to its end. */
async function readBody(server: FramePeer, id: number): Promise<string> {
  let text = "";
  for (;;) {
    const { flags, payload } = (await server.nextOf(T.DATA, id))!;
    text += new TextDecoder().decode(payload);
    if ((flags & F.END_STREAM) !== 0) return text;
  }
}

async function answerWith(server: FramePeer, id: number, text: string): Promise<void> {
  await server.sendHead(id, [...OK, ["content-length", `${text.length}`]]);
  await server.send(T.DATA, F.END_STREAM, id, bytes(text));
}

for (const [how, refuse] of Object.entries(REFUSALS)) {
  Deno.test(`HTTP/2, ${how}: a POST is sent again on another session, with its body`, async () => {
    await onRawStage(async ({ client, accept }) => {
      await client.sendHead(1, headOf("POST"));
      await client.send(T.DATA, F.END_STREAM, 1, bytes("hello"));
      using first = await accept();
      const { streamId } = (await first.nextOf(T.HEADERS))!;
      assert.equal(await readBody(first, streamId), "hello");
      await refuse(first, streamId);

      using second = await accept();
      const again = (await second.nextOf(T.HEADERS))!;
      assert.equal(await readBody(second, again.streamId), "hello");
      await answerWith(second, again.streamId, "ok");

      await client.nextOf(T.HEADERS, 1);
      assert.equal(await readBody(client, 1), "ok");
    });
  });

  Deno.test(`HTTP/2, ${how}: a body that is still coming goes on at the other session, from its beginning`, async () => {
    await onRawStage(async ({ client, accept }) => {
      await client.sendHead(1, headOf("POST"));
      await client.send(T.DATA, 0, 1, bytes("one "));
      using first = await accept();
      const { streamId } = (await first.nextOf(T.HEADERS))!;
      await first.nextOf(T.DATA);
      await refuse(first, streamId);

      using second = await accept();
      const again = (await second.nextOf(T.HEADERS))!;
      await client.send(T.DATA, F.END_STREAM, 1, bytes("two"));
      assert.equal(await readBody(second, again.streamId), "one two");
    });
  });

  Deno.test(`HTTP/1.1, ${how}: a POST is sent again on another session, with its body and trailers`, async () => {
    await onHttp1Stage(async ({ client, accept }) => {
      await client.write(
        `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n` +
          "5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n",
      );
      using first = await accept();
      const { streamId } = (await first.nextOf(T.HEADERS))!;
      const trailers = await first.nextOf(T.HEADERS, streamId);
      assert.notEqual(trailers!.flags & F.END_STREAM, 0);
      await refuse(first, streamId);

      using second = await accept();
      const again = (await second.nextOf(T.HEADERS))!;
      assert.equal(
        new TextDecoder().decode((await second.nextOf(T.DATA, again.streamId))!.payload),
        "hello",
      );
      await second.nextOf(T.HEADERS, again.streamId);
      await answerWith(second, again.streamId, "ok");

      assert.equal((await client.readAnswer()).body, "ok");
    });
  });

  Deno.test(`HTTP/1.1, ${how}: a body that is still coming goes on at the other session, from its beginning`, async () => {
    await onHttp1Stage(async ({ client, accept }) => {
      await client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 7\r\n\r\none `);
      using first = await accept();
      const { streamId } = (await first.nextOf(T.HEADERS))!;
      await first.nextOf(T.DATA, streamId);
      await refuse(first, streamId);

      using second = await accept();
      const again = (await second.nextOf(T.HEADERS))!;
      await client.write("two");
      assert.equal(await readBody(second, again.streamId), "one two");
      await answerWith(second, again.streamId, "ok");

      assert.equal((await client.readAnswer()).body, "ok");
    });
  });
}

Deno.test("HTTP/1.1: refused twice is answered 502, with the reason", async () => {
  await onHttp1Stage(async ({ client, accept }) => {
    await client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nhi`);
    const servers: FramePeer[] = [];
    for (let count = 0; count < 2; count++) {
      const server = await accept();
      servers.push(server);
      const { streamId } = (await server.nextOf(T.HEADERS))!;
      await server.send(T.RST_STREAM, 0, streamId, numbers(REFUSED_STREAM));
    }

    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 502 /);
    assert.match(JSON.parse(body).message, /refused the request unread, twice/);
    for (const server of servers) server[Symbol.dispose]();
  });
});

Deno.test("HTTP/1.1: a body that is too long to be kept is answered 502, with the reason", async () => {
  await onHttp1Stage(async ({ client, accept }) => {
    const length = 2 * 1024 * 1024;
    await client.write(`PUT / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`);
    const writing = client.write(new Uint8Array(length)).catch(() => {});
    using server = await accept();
    const { streamId } = (await server.nextOf(T.HEADERS))!;
    await server.send(T.WINDOW_UPDATE, 0, 0, numbers(length));
    await server.send(T.WINDOW_UPDATE, 0, streamId, numbers(length));
    await readBody(server, streamId);
    await server.send(T.RST_STREAM, 0, streamId, numbers(REFUSED_STREAM));

    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 502 /);
    assert.match(JSON.parse(body).message, /unread, and it is too long to be sent again/);
    await writing;
  });
});

/** Lets in so many bytes more than at first. */
async function openWindows(server: FramePeer, id: number, bytes: number): Promise<void> {
  await server.send(T.WINDOW_UPDATE, 0, 0, numbers(bytes));
  await server.send(T.WINDOW_UPDATE, 0, id, numbers(bytes));
}

async function readBytes(server: FramePeer, id: number, bytes: number): Promise<void> {
  while (bytes > 0) bytes -= (await server.nextOf(T.DATA, id))!.payload.length;
}

Deno.test("HTTP/2: a body that becomes too long while another session is opened arrives from its beginning", async () => {
  await onRawStage(async ({ client, accept }) => {
    // Nearly all that is kept.
    const part = "a".repeat(8 * 1024);
    await client.sendHead(1, headOf("POST"));
    using first = await accept();
    const { streamId } = (await first.nextOf(T.HEADERS))!;
    await openWindows(first, streamId, 1024 * 1024);
    for (let count = 0; count < 31; count++) await client.send(T.DATA, 0, 1, bytes(part));
    await readBytes(first, streamId, 31 * part.length);
    await first.send(T.RST_STREAM, 0, streamId, numbers(REFUSED_STREAM));
    // The other session is not accepted yet.
    await first.settle();
    const rest = "b".repeat(16 * 1024);
    await client.send(T.DATA, F.END_STREAM, 1, bytes(rest));
    await client.settle();

    using second = await accept();
    const again = (await second.nextOf(T.HEADERS))!;
    await openWindows(second, again.streamId, 1024 * 1024);
    assert.equal(await readBody(second, again.streamId), part.repeat(31) + rest);
  });
});

Deno.test("HTTP/1.1: a body that becomes too long while another session is opened arrives from its beginning", async () => {
  await onHttp1Stage(async ({ client, accept }) => {
    const part = "a".repeat(1024 * 1024 - 1024);
    const rest = "b".repeat(2048);
    const length = part.length + rest.length;
    await client.write(`PUT / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`);
    const writing = client.write(part);
    using first = await accept();
    const { streamId } = (await first.nextOf(T.HEADERS))!;
    await openWindows(first, streamId, length);
    await readBytes(first, streamId, part.length);
    await writing;
    await first.send(T.RST_STREAM, 0, streamId, numbers(REFUSED_STREAM));
    await first.settle();
    await client.write(rest);

    using second = await accept();
    const again = (await second.nextOf(T.HEADERS))!;
    await openWindows(second, again.streamId, length);
    assert.equal(await readBody(second, again.streamId), part + rest);
    await answerWith(second, again.streamId, "ok");
    assert.equal((await client.readAnswer()).body, "ok");
  });
});

Deno.test("HTTP/1.1: a piece that is written while the beginning is sent again is not lost behind an early answer", async () => {
  const [own, other] = await loopbackPair();
  const [ownAgain, otherAgain] = await loopbackPair();
  using first = new FramePeer(other);
  using second = new FramePeer(otherAgain);
  const bridge = new Http1Bridge(own, {
    reconnect: () => Promise.resolve(ownAgain),
    silence: TIMING,
  });
  // More than a server lets in at first.
  const part = "a".repeat(100_000);
  const length = part.length + 3;
  await bridge.write(
    bytes(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`),
  );
  const writing = bridge.write(bytes(part));
  await first.greetAsServer();
  await first.nextOf(T.HEADERS, 1);
  await openWindows(first, 1, part.length);
  await readBytes(first, 1, part.length);
  await writing;
  await first.send(T.RST_STREAM, 0, 1, numbers(REFUSED_STREAM));

  await second.greetAsServer();
  await second.nextOf(T.HEADERS, 1);
  await second.sendHead(1, OK);
  await bridge.read(new Uint8Array(1024));
  const rest = bridge.write(bytes("end"));
  await openWindows(second, 1, length);
  assert.ok(await readBody(second, 1) === `${part}end`);
  await rest;
  bridge.close();
});

Deno.test("HTTP/2: what cannot be sent again is refused as the server refused it", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, headOf("POST"));
    using server = await accept();
    const { streamId } = (await server.nextOf(T.HEADERS))!;
    await server.send(T.WINDOW_UPDATE, 0, 0, numbers(1024 * 1024));
    await server.send(T.WINDOW_UPDATE, 0, streamId, numbers(1024 * 1024));
    for (let part = 0; part < 2; part++) {
      const size = 10 * 16_384;
      for (let sent = 0; sent < size; sent += 16_384) {
        await client.send(T.DATA, 0, 1, new Uint8Array(16_384));
      }
      for (let bytes = 0; bytes < size;) {
        bytes += (await server.nextOf(T.DATA, streamId))!.payload.length;
      }
    }
    await server.send(T.RST_STREAM, 0, streamId, numbers(REFUSED_STREAM));

    const reset = await client.nextOf(T.RST_STREAM, 1);
    assert.deepEqual(reset!.payload, numbers(REFUSED_STREAM));
  });
});

Deno.test("HTTP/1.1: a server that goes away between two requests is called again by a POST", async () => {
  await onHttp1Stage(async ({ client, accept }) => {
    const post = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\n`;
    for (let count = 0; count < 3; count++) {
      await client.write(`${post}hi`);
      using server = await accept();
      const { streamId } = (await server.nextOf(T.HEADERS))!;
      await readBody(server, streamId);
      await answerWith(server, streamId, "ok");
      await server.send(T.GOAWAY, 0, 0, numbers(streamId, 0));
      assert.equal((await client.readAnswer()).body, "ok");
    }
  });
});

interface Http1Stage {
  readonly client: RawConnection;
  accept(): Promise<FramePeer>;
}

async function onHttp1Stage(body: (stage: Http1Stage) => Promise<void>): Promise<void> {
  await onRawStage(async ({ test, accept }) => {
    await body({ client: await test.tunnel(HOST), accept });
  });
}
