/**
 * Servers of HTTP/2 that try to reach a client of HTTP/1.1 with more than one answer for each request,
 * or with half of one.
 */
import assert from "node:assert/strict";
import type { FieldLine } from "../../../proxy/http2/hpack/field_line.ts";
import { block, concat, F, frame, type FramePeer, numbers, T } from "../../support/frame_peer.ts";
import type { RawConnection } from "../../support/raw_connection.ts";
import { HOST, onRawStage } from "../../support/raw_http2_stage.ts";

const OTHER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother";
const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const head = (id: number, ...fields: FieldLine[]) =>
  frame(T.HEADERS, F.END_HEADERS, id, block([[":status", "200"], ...fields]));
const data = (id: number, text: string) => frame(T.DATA, 0, id, bytesOf(text));
const end = (id: number) => frame(T.DATA, F.END_STREAM, id);
const request = (method: string, path = "/") =>
  `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

/** A client that has asked on stream 1, with `method`. */
async function askedWith(
  method: string,
  body: (client: RawConnection, server: FramePeer) => Promise<void>,
): Promise<void> {
  await onRawStage(async ({ test, accept }) => {
    const client = await test.tunnel(HOST);
    await client.write(request(method));
    using server = await accept();
    await server.nextOf(T.HEADERS, 1);
    await body(client, server);
  });
}

/** What the server says too much on stream 1 is not the answer to the next request. */
async function nextIsNotTheOther(client: RawConnection, server: FramePeer): Promise<void> {
  await client.write(request("GET", "/next"));
  assert.ok(await server.nextOf(T.HEADERS, 3));
  await server.sendBytes(
    data(1, OTHER),
    head(3, ["content-length", "4"]),
    frame(T.DATA, F.END_STREAM, 3, bytesOf("mine")),
  );

  assert.equal((await client.readAnswer()).body, "mine");
}

const REFUSED: readonly [name: string, ...fields: FieldLine[]][] = [
  ["another answer in a value", ["x-a", `1\r\n\r\n${OTHER}`]],
  ["another line in a value", ["x-a", "1\nset-cookie: a=b"]],
  ["a carriage return in a value", ["x-a", "1\rset-cookie: a=b"]],
  ["another line in a name", ["x-a: 1\r\nset-cookie", "a=b"]],
  ["a colon in a name", ["x-a:1", "2"]],
  ["a space in a name", ["x-a ", "2"]],
  ["an empty name", ["", "2"]],
  ["two lengths", ["content-length", "1"], ["content-length", "2"]],
  ["a length in another spelling", ["content-length", "0x5"]],
  ["a second status", [":status", "200"]],
];

for (const [name, ...fields] of REFUSED) {
  Deno.test(`${name}: 502, and nothing of it reaches the client`, async () => {
    await askedWith("GET", async (client, server) => {
      await server.sendBytes(head(1, ...fields), end(1));
      const answer = await client.readAll();

      assert.match(answer, /^HTTP\/1\.1 502 /);
      assert.ok(!answer.includes("other") && !answer.includes("a=b"));
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1);
    });
  });
}

Deno.test("headers that belong to HTTP/1.1 do not decide where an answer ends", async () => {
  await askedWith("GET", async (client, server) => {
    await server.sendBytes(
      head(1, ["transfer-encoding", "chunked"], ["connection", "close"], ["upgrade", "h2c"], [
        "content-length",
        "2",
      ]),
      data(1, "ok"),
      end(1),
    );
    const { head: seen, body } = await client.readAnswer();
    assert.equal(body, "ok");
    assert.doesNotMatch(seen, /transfer-encoding|connection|upgrade/i);

    await client.write(request("GET", "/next"));
    assert.ok(await server.nextOf(T.HEADERS, 3));
  });
});

Deno.test("a server that switches protocols unasked is not listened to", async () => {
  await askedWith("GET", async (client, server) => {
    const switching = block([[":status", "101"], ["upgrade", "websocket"]]);
    await server.sendBytes(
      frame(T.HEADERS, F.END_HEADERS, 1, switching),
      head(1, ["content-length", "2"]),
      data(1, "ok"),
      end(1),
    );
    const answer = await client.readAnswer();

    assert.match(answer.head, /^HTTP\/1\.1 200 /);
    assert.equal(answer.body, "ok");
  });
});

Deno.test("bytes beyond the length are not the next answer", async () => {
  await askedWith("GET", async (client, server) => {
    await server.sendBytes(head(1, ["content-length", "2"]), data(1, "ok"));
    assert.equal((await client.readAnswer()).body, "ok");
    await nextIsNotTheOther(client, server);
  });
});

for (const [method, status] of [["HEAD", "200"], ["GET", "204"], ["GET", "304"]] as const) {
  Deno.test(`a body behind ${method} and ${status} is not the next answer`, async () => {
    await askedWith(method, async (client, server) => {
      await server.sendBytes(frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", status]])));
      assert.match(await client.readHead(), new RegExp(`^HTTP/1\\.1 ${status} `));
      await nextIsNotTheOther(client, server);
    });
  });
}

Deno.test("half an answer has no last chunk, and no clean end", async () => {
  await askedWith("GET", async (client, server) => {
    await server.sendBytes(head(1), data(1, "half"));
    assert.match(await client.readHead(), /transfer-encoding: chunked/);
    assert.equal(await client.readBytes(9), "4\r\nhalf\r\n");
    server.connection.close();
    const rest = await client.readAll().catch(() => "");

    assert.equal(rest, "");
  });
});

for (const [code, what] of [[2, "INTERNAL_ERROR"], [8, "CANCEL"]] as const) {
  Deno.test(`an answer that its server resets with ${what} has no last chunk`, async () => {
    await askedWith("GET", async (client, server) => {
      await server.sendBytes(head(1), data(1, "half"), frame(T.RST_STREAM, 0, 1, numbers(code)));
      await client.readHead();
      assert.equal(await client.readBytes(9), "4\r\nhalf\r\n");
      assert.equal(await client.readAll().catch(() => ""), "");
    });
  });
}

// All of Node's answer, as its servers end it where their program has not read the request; its
// clients, curl and hyper read it as the end of the body, which nothing else can tell here.
Deno.test("an answer of unknown length that its server resets with NO_ERROR has ended", async () => {
  await askedWith("GET", async (client, server) => {
    await server.sendBytes(head(1), data(1, "whole"), frame(T.RST_STREAM, 0, 1, numbers(0)));
    await client.readHead();
    assert.equal(await client.readBytes(15), "5\r\nwhole\r\n0\r\n\r\n");

    await client.write(request("GET", "/next"));
    assert.ok(await server.nextOf(T.HEADERS, 3));
    await server.sendBytes(head(3, ["content-length", "0"]), end(3));
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
  });
});

Deno.test("a length tells better than NO_ERROR whether an answer is whole", async () => {
  await askedWith("GET", async (client, server) => {
    const reset = frame(T.RST_STREAM, 0, 1, numbers(0));
    await server.sendBytes(head(1, ["content-length", "5"]), data(1, "half"), reset);
    await client.readHead();
    assert.equal(await client.readBytes(4), "half");
    // Five were said: whoever counts sees that one is missing.
    assert.equal(await client.readAll().catch(() => ""), "");
  });
});

Deno.test("trailers cannot say what the head did not", async () => {
  await askedWith("GET", async (client, server) => {
    const trailers = block([["x-sum", "1"], ["transfer-encoding", "gzip"], ["host", "evil.test"]]);
    await server.sendBytes(
      head(1),
      data(1, "ok"),
      frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, 1, trailers),
    );
    await client.readHead();
    const behind = "2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n";

    assert.equal(await client.readBytes(behind.length), behind);
  });
});

Deno.test("interim answers without end do not pile up for a client that does not read", async () => {
  await askedWith("GET", async (_client, server) => {
    const hint = frame(
      T.HEADERS,
      F.END_HEADERS,
      1,
      block([[":status", "103"], ["link", "x".repeat(8_000)]]),
    );
    let isReset = false;
    const reset = server.nextOf(T.RST_STREAM).then(() => isReset = true);
    for (let sent = 0; sent < 10_000 && !isReset; sent++) {
      await server.sendBytes(concat(hint)).catch(() => isReset = true);
    }

    assert.ok(isReset);
    server.connection.close();
    await reset;
  });
});
