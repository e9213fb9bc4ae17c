/**
 * Clients and servers of HTTP/2 that keep each rule and harm all the same, or try to.
 */
import assert from "node:assert/strict";
import { bearer, FakeDaemon, makeCredential } from "../../support/fake_daemon.ts";
import { block, F, frame, numberAt, numbers, settings, T } from "../../support/frame_peer.ts";
import { headOf, HOST, onRawStage } from "../../support/raw_http2_stage.ts";

/** RFC 9113 section 7. */
const [NO_ERROR, INTERNAL, REFUSED, CANCEL, CALM] = [0, 2, 7, 8, 11];
const GET = headOf("GET");
const POST = headOf("POST");
const OK = block([[":status", "200"]]);
const answer = (id: number) => frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, id, OK);
const goaway = (lastId: number) => frame(T.GOAWAY, 0, 0, numbers(lastId, NO_ERROR));

Deno.test("a server that goes away and never leaves: each connection is closed behind its last answer", async () => {
  await onRawStage(async ({ client, accept }) => {
    for (const id of [1, 3, 5]) {
      await client.sendHead(id, GET, { endStream: true });
      using server = await accept();
      await server.nextOf(T.HEADERS);
      await server.sendBytes(goaway(1), answer(1));
      await client.nextOf(T.HEADERS, id);

      assert.equal((await server.nextOf(T.GOAWAY))?.type, T.GOAWAY);
      assert.equal(await server.next(), null);
    }
  });
});

Deno.test("twenty requests that find the server gone share one new connection", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    using first = await accept();
    await first.nextOf(T.HEADERS);
    for (let id = 3; id < 43; id += 2) await client.sendHead(id, GET, { endStream: true });
    for (let count = 0; count < 20; count++) await first.nextOf(T.HEADERS);
    await first.sendBytes(goaway(1), answer(1));
    using second = await accept();
    const asked = [];
    while (asked.length < 20) asked.push((await second.nextOf(T.HEADERS))!.streamId);

    assert.deepEqual(asked, Array.from({ length: 20 }, (_, at) => 1 + 2 * at));
  });
});

Deno.test("interim answers without end do not pile up for a client that does not read", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    using server = await accept();
    await server.nextOf(T.HEADERS);
    const hint = frame(
      T.HEADERS,
      F.END_HEADERS,
      1,
      block([[":status", "103"], ["link", "x".repeat(8_000)]]),
    );
    const reset = server.nextOf(T.RST_STREAM);
    let code: number | undefined;
    void reset.then((seen) => code = numberAt(seen!.payload, 0));
    // More than the buffers of two connections on this machine hold.
    for (let sent = 0; sent < 10_000 && code === undefined; sent++) await server.sendBytes(hint);
    await reset;

    assert.equal(code, CALM);
  });
});

Deno.test("behind a whole answer, a server that wants no more of the request is believed", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, POST);
    using server = await accept();
    await server.nextOf(T.HEADERS);
    await server.sendBytes(answer(1), frame(T.RST_STREAM, 0, 1, numbers(NO_ERROR)));
    const head = await client.nextOf(T.HEADERS, 1);
    const reset = await client.nextOf(T.RST_STREAM, 1);

    assert.ok(head);
    assert.equal(numberAt(reset!.payload, 0), NO_ERROR);
  });
});

// Node's servers do so where their program has not read the request: all of the answer, no end, and
// NO_ERROR. Its clients, curl and browsers take that for the end; whether it is one is theirs to say.
Deno.test("an answer that its server ends with NO_ERROR and no end reaches the client like that", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    using server = await accept();
    await server.nextOf(T.HEADERS);
    await server.sendBytes(
      frame(T.HEADERS, F.END_HEADERS, 1, OK),
      frame(T.DATA, 0, 1, [1, 2, 3]),
      frame(T.RST_STREAM, 0, 1, numbers(NO_ERROR)),
    );
    const data = await client.nextOf(T.DATA, 1);
    const reset = await client.nextOf(T.RST_STREAM, 1);

    assert.deepEqual([data!.flags & F.END_STREAM, [...data!.payload]], [0, [1, 2, 3]]);
    assert.equal(numberAt(reset!.payload, 0), NO_ERROR);
  });
});

Deno.test("a server that breaks the rules before its answer is told as 502, not as a reset", async () => {
  await onRawStage(async ({ client, accept }) => {
    for (
      const [id, wrong] of [
        [1, frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, 1, block([["x-a", "1"]]))],
        [3, frame(T.DATA, 0, 0, [1])],
      ] as const
    ) {
      await client.sendHead(id, GET, { endStream: true });
      using server = await accept();
      await server.nextOf(T.HEADERS);
      await server.sendBytes(wrong);
      const head = await client.nextOf(T.HEADERS, id);
      assert.deepEqual(client.fields(head!)[0], [":status", "502"]);
      await server.sendBytes(goaway(1)).catch(() => {});
    }
  });
});

Deno.test("half a request is never a whole one: the client's connection ends in the middle", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, POST);
    await client.send(T.DATA, 0, 1, [1, 2, 3]);
    using server = await accept();
    await server.nextOf(T.DATA);
    client.connection.close();
    const frames = [];
    // The session with the server ends with that of the client.
    for (let seen = await server.next(); seen !== null; seen = await server.next()) {
      frames.push(seen);
    }

    const resets = frames.filter(({ type }) => type === T.RST_STREAM);
    assert.deepEqual(resets.map(({ payload }) => numberAt(payload, 0)), [CANCEL]);
    assert.ok(frames.every(({ type, flags }) => type !== T.DATA || (flags & F.END_STREAM) === 0));
  });
});

Deno.test("half an answer is never a whole one: the server's connection ends in the middle", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    using server = await accept();
    await server.nextOf(T.HEADERS);
    await server.sendBytes(frame(T.HEADERS, F.END_HEADERS, 1, OK), frame(T.DATA, 0, 1, [1, 2, 3]));
    await client.nextOf(T.DATA, 1);
    server.connection.close();
    let last = await client.next();
    while (last?.streamId !== 1) last = await client.next();

    assert.deepEqual([last.type, numberAt(last.payload, 0)], [T.RST_STREAM, INTERNAL]);
  });
});

Deno.test("a client that leaves an answer unread, and then leaves, ends the call at the server", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.send(T.WINDOW_UPDATE, 0, 0, numbers(2 ** 30));
    await client.send(T.SETTINGS, 0, 0, settings([4, 2 ** 30]));
    await client.sendHead(1, GET, { endStream: true });
    using server = await accept();
    await server.nextOf(T.HEADERS);
    await server.sendBytes(frame(T.HEADERS, F.END_HEADERS, 1, OK));
    const piece = frame(T.DATA, 0, 1, new Uint8Array(16_384));
    // As much as it is let in: until nothing moves any more, because the client does not read.
    let room = 65_535;
    let streamRoom = 256 * 1024;
    let isEnded = false;
    const reading = (async () => {
      for (let seen = await server.next(); seen !== null; seen = await server.next()) {
        if (seen.type === T.RST_STREAM) isEnded = true;
        if (seen.type !== T.WINDOW_UPDATE) continue;
        if (seen.streamId === 0) room += numberAt(seen.payload, 0);
        else streamRoom += numberAt(seen.payload, 0);
      }
    })();
    for (let turn = 0; turn < 200; turn++) {
      while (room >= 16_384 && streamRoom >= 16_384) {
        room -= 16_384;
        streamRoom -= 16_384;
        await server.sendBytes(piece);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    client.connection.close();
    await reading;

    assert.ok(isEnded);
  });
});

Deno.test("a refused request is sent again once, and not a third time", async () => {
  await onRawStage(async ({ client, accept }) => {
    const refused = frame(T.RST_STREAM, 0, 1, numbers(REFUSED));
    await client.sendHead(1, GET, { endStream: true });
    using first = await accept();
    await first.nextOf(T.HEADERS, 1);
    await first.sendBytes(refused);
    using second = await accept();
    await second.nextOf(T.HEADERS, 1);
    await second.sendBytes(refused);
    const code = numberAt((await client.nextOf(T.RST_STREAM, 1))!.payload, 0);
    assert.equal(code, REFUSED, "the client knows that it may ask again");

    for (const server of [first, second]) {
      const { frames } = await server.settle();
      assert.deepEqual(frames.filter(({ type }) => type === T.HEADERS), []);
    }
  });
});

Deno.test("a request is not sent again where the server may have done something", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    await client.sendHead(3, GET, { endStream: true });
    using first = await accept();
    await first.nextOf(T.HEADERS, 3);
    await first.sendBytes(frame(T.RST_STREAM, 0, 1, numbers(INTERNAL)));
    const reset = await client.nextOf(T.RST_STREAM, 1);
    assert.equal(numberAt(reset!.payload, 0), INTERNAL);

    await first.sendBytes(goaway(3));
    first.connection.close();
    const head = await client.nextOf(T.HEADERS, 3);
    assert.deepEqual(client.fields(head!)[0], [":status", "502"]);

    await client.sendHead(5, headOf("GET", "/later"), { endStream: true });
    using second = await accept();
    const next = await second.nextOf(T.HEADERS);
    assert.equal(next!.streamId, 1);
    assert.ok(new TextDecoder("latin1").decode(next!.payload).includes("/later"));
  });
});

Deno.test("requests above the last that a server looks at go to another connection, once each", async () => {
  await onRawStage(async ({ client, accept }) => {
    for (const id of [1, 3, 5]) await client.sendHead(id, GET, { endStream: true });
    using first = await accept();
    await first.nextOf(T.HEADERS, 5);
    await first.sendBytes(goaway(1));
    using second = await accept();
    await second.nextOf(T.HEADERS, 3);
    await second.sendBytes(answer(1), answer(3));
    await first.sendBytes(answer(1));
    for (const _ of [1, 3, 5]) assert.ok(await client.nextOf(T.HEADERS));
    const { frames } = await second.settle();

    assert.deepEqual(frames.filter(({ type }) => type === T.HEADERS), []);
  });
});

Deno.test("streams that were reset stay counted for as long as there is work for them", async () => {
  const daemon = new FakeDaemon();
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<never>();
  held.promise.catch(() => {});
  daemon.resolve = () => {
    asked.resolve();
    return held.promise;
  };
  await onRawStage(async ({ client }) => {
    for (let id = 1; id < 400; id += 2) {
      if (id === 201) await client.settle();
      if (id >= 200) await client.send(T.RST_STREAM, 0, id - 200, numbers(CANCEL));
      await client.sendHead(id, GET, { endStream: true });
    }
    await asked.promise;
    await client.settle();
    await client.send(T.RST_STREAM, 0, 399, numbers(CANCEL));
    await client.sendHead(401, GET, { endStream: true });
    const reset = await client.nextOf(T.RST_STREAM);
    held.reject(new Error("over"));

    assert.deepEqual([reset!.streamId, numberAt(reset!.payload, 0)], [401, REFUSED]);
  }, daemon);
});

Deno.test("a malformed head is answered 400 and nothing reaches the server", async () => {
  const rows = [
    ["a name in capitals", [...GET, ["X-A", "1"]]],
    ["an unknown pseudo-header field", [...GET, [":test", "1"]]],
    ["a pseudo-header field of an answer", [...GET, [":status", "200"]]],
    ["a pseudo-header field behind others", [["x-a", "1"], ...GET]],
    ["a connection header", [...GET, ["connection", "keep-alive"]]],
    ["te other than trailers", [...GET, ["te", "trailers, deflate"]]],
    ["an empty path", headOf("GET", "")],
    ["no method", GET.slice(1)],
    ["no scheme", [GET[0]!, ...GET.slice(2)]],
    ["no path", GET.slice(0, 3)],
    ["no authority", [GET[0]!, GET[1]!, GET[3]!]],
    ["the method twice", [GET[0]!, ...GET]],
    ["the scheme twice", [GET[1]!, ...GET]],
    ["the path twice", [GET[3]!, ...GET]],
    ["the authority twice", [GET[2]!, ...GET]],
    ["CONNECT as it is", [[":method", "CONNECT"], [":authority", HOST]]],
    ["extended CONNECT", [...headOf("CONNECT"), [":protocol", "websocket"]]],
    ["a line feed in a value", [...GET, ["x-a", "1\nhost: evil.test"]]],
    ["a line feed in the method", headOf("GET / HTTP/1.1\r\nx: y")],
    ["a transfer-encoding", [...GET, ["transfer-encoding", "chunked"]]],
  ] as const;
  await onRawStage(async ({ client, test }) => {
    let id = -1;
    for (const [name, fields] of rows) {
      await client.sendHead(id += 2, fields, { endStream: true });
      const head = await client.nextOf(T.HEADERS, id);
      assert.deepEqual(client.fields(head!)[0], [":status", "400"], name);
    }
    assert.deepEqual(test.daemon.asked, []);
  });
});

Deno.test("a request that is reset in the same breath asks nobody for anything", async () => {
  await onRawStage(async ({ client, test, accept }) => {
    for (let id = 1; id < 101; id += 2) {
      await client.sendBytes(
        frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, id, block(GET)),
        frame(T.RST_STREAM, 0, id, numbers(CANCEL)),
      );
    }
    await client.settle();
    assert.equal(test.daemon.asked.length, 0);

    await client.sendHead(101, GET, { endStream: true });
    using server = await accept();
    assert.equal((await server.nextOf(T.HEADERS))!.streamId, 1);
  });
});

/** A daemon whose credential can be refreshed, so that requests are kept as far as they may be. */
function refreshing(): FakeDaemon {
  const daemon = new FakeDaemon();
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  daemon.resolve = (request) => makeCredential(request, [bearer("key")], expires_at);
  return daemon;
}

Deno.test("a refused request whose body is in memory is sent again as it was", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, POST);
    await client.send(T.DATA, 0, 1, [1, 2, 3]);
    await client.send(T.DATA, F.END_STREAM, 1, [4]);
    using server = await accept();
    let whole = await server.nextOf(T.DATA, 1);
    while ((whole!.flags & F.END_STREAM) === 0) whole = await server.nextOf(T.DATA, 1);
    await server.send(T.RST_STREAM, 0, 1, numbers(REFUSED));
    using second = await accept();
    const bytes = [];
    for (let isWhole = false; !isWhole;) {
      const piece = await second.nextOf(T.DATA, 1);
      bytes.push(...piece!.payload);
      isWhole = (piece!.flags & F.END_STREAM) !== 0;
    }
    await second.sendBytes(answer(1));

    assert.deepEqual(bytes, [1, 2, 3, 4]);
    assert.ok(await client.nextOf(T.HEADERS, 1));
  }, refreshing());
});

for (const status of ["200", "401"]) {
  Deno.test(`behind an early ${status} the rest of the request arrives, and nothing is sent twice`, async () => {
    await onRawStage(async ({ client, accept }) => {
      await client.sendHead(1, POST);
      await client.send(T.DATA, 0, 1, [1, 2, 3]);
      using server = await accept();
      await server.nextOf(T.DATA, 1);
      const early = block([[":status", status]]);
      await server.sendBytes(frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, 1, early));
      const head = await client.nextOf(T.HEADERS, 1);
      assert.deepEqual(client.fields(head!)[0], [":status", status]);

      await client.send(T.DATA, F.END_STREAM, 1, [4]);
      const rest = await server.nextOf(T.DATA, 1);
      assert.deepEqual([rest!.flags & F.END_STREAM, ...rest!.payload], [F.END_STREAM, 4]);
      const { frames } = await server.settle();
      assert.deepEqual(frames.filter(({ type }) => type === T.HEADERS), []);
    }, refreshing());
  });
}

Deno.test("a refused HEAD has no body", async () => {
  await onRawStage(async ({ client }) => {
    await client.sendHead(1, headOf("HEAD", "https://evil.test/"), { endStream: true });
    const head = await client.nextOf(T.HEADERS, 1);
    assert.deepEqual(client.fields(head!)[0], [":status", "400"]);
    assert.equal(head!.flags & F.END_STREAM, F.END_STREAM);
    const { frames } = await client.settle();
    assert.deepEqual(frames.filter(({ type }) => type === T.DATA), []);
  });
});

Deno.test("what is between a client and its proxy is not the server's to say", async () => {
  await onRawStage(async ({ client, accept }) => {
    await client.sendHead(1, GET, { endStream: true });
    using server = await accept();
    await server.nextOf(T.HEADERS);
    const names = ["proxy-authenticate", "proxy-authentication-info", "alt-svc", "connection"];
    await server.sendHead(
      1,
      [[":status", "200"], ...names.map((name) => [name, "x"] as const), ["x-own", "1"]],
      { endStream: true },
    );
    const head = await client.nextOf(T.HEADERS, 1);

    assert.deepEqual(client.fields(head!), [[":status", "200"], ["x-own", "1"]]);
  });
});
