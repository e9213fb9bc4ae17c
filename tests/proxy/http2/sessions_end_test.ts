/**
 * Sessions end, in good order and not, after some hundred streams: that is where `node:http2` of Deno
 * 2.9.6 took the whole proxy along (denoland/deno#36788). The proxy lives on, and the next session
 * works.
 */
import assert from "node:assert/strict";
import {
  callHttp2,
  type Http2Client,
  openHttp2,
  type ServeStream,
  startHttp2Upstream,
} from "../../support/http2_peers.ts";
import { withNode } from "../../support/node_process.ts";
import { startTestProxy } from "../../support/proxy_bench.ts";
import { until } from "../../support/until.ts";

const HOST = "api.acme.test";
const ROUNDS = 5;

async function onStage(serve: ServeStream) {
  const ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([HOST], serve);
  ends.defer(api.close);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  return { api, test, ends };
}

const echo: ServeStream = (stream, _headers, { echo }) => echo(stream);

/** 300 calls with bodies and trailers, twenty at a time; the answers that were not whole. */
function call300(client: Http2Client): Promise<unknown[]> {
  return client.run(async ({ call }) => {
    const wrong: unknown[] = [];
    for (let done = 0; done < 300; done += 20) {
      const calls = Array.from({ length: 20 }, (_, i) => call({ ":path": "/" }, `${done + i}`));
      (await Promise.all(calls)).forEach((answer, i) => {
        const isWhole = answer.status === 200 && answer.code === 0 &&
          answer.body === `${done + i}` && answer.trailers["grpc-status"] === "0";
        if (!isWhole) wrong.push(answer);
      });
    }
    return wrong;
  });
}

/** How a client's session ends, in Node. */
const ENDINGS: Readonly<Record<string, (client: Http2Client) => Promise<void>>> = {
  "says GOAWAY and leaves": (client) =>
    client.run(({ session }) =>
      new Promise<void>((resolve) => {
        session.once("close", resolve);
        session.goaway(0);
        session.close();
      })
    ),
  "leaves with calls under way": (client) =>
    client.run(({ session }) => {
      for (let i = 0; i < 20; i++) {
        const stream = session.request({ ":path": "/", ":method": "POST" });
        stream.on("error", () => {});
        stream.write("half");
      }
      session.destroy();
    }),
};

for (const [how, leave] of Object.entries(ENDINGS)) {
  withNode.test(`a client that ${how} after 300 calls, five times: the next one is served`, async () => {
    const { api, test, ends } = await onStage(echo);
    await using _ends = ends;

    for (let round = 0; round < ROUNDS; round++) {
      const client = await openHttp2(test, HOST);
      try {
        assert.deepEqual(await call300(client), []);
        await leave(client);
      } finally {
        await client.close();
      }
      await until(async () => await api.sessionCount() === 0);
    }
  });
}

withNode.test("a client's GOAWAY ends no call that is under way", async () => {
  const { api, test, ends } = await onStage(async (stream, _headers, { echo, tell, until }) => {
    tell("called");
    await until("GOAWAY has been");
    echo(stream);
  });
  await using _ends = ends;
  const client = await openHttp2(test, HOST);
  ends.defer(client.close);

  const answering = callHttp2(client, { ":path": "/" }, "hello");
  await api.until("called");
  // The answer to a PING behind it: the proxy has read it.
  await client.run(({ session }) =>
    new Promise<void>((resolve) => {
      session.goaway(0);
      session.ping(() => resolve());
    })
  );
  api.tell("GOAWAY has been");

  const { body, code } = await answering;
  assert.deepEqual([body, code], ["hello", 0]);
});

/** The 301st stream of each session says GOAWAY, as servers do that want their load spread. */
const sayGoaway: ServeStream = (stream, headers, { echo }) => {
  if (headers[":path"] === "/last") stream.session!.goaway(0, stream.id!);
  echo(stream);
};

withNode.test("a server that says GOAWAY after 300 calls, five times: no call is lost", async () => {
  const { api, test, ends } = await onStage(sayGoaway);
  await using _ends = ends;
  const client = await openHttp2(test, HOST);
  ends.defer(client.close);

  for (let round = 0; round < ROUNDS; round++) {
    assert.deepEqual(await call300(client), []);
    assert.equal((await callHttp2(client, { ":path": "/last" }, "301")).body, "301");
  }

  assert.equal((await api.requests()).length, 301 * ROUNDS);
});

withNode.test("a server that leaves after 300 calls, five times: the next call has a new session", async () => {
  const { test, ends } = await onStage((stream, headers, { echo }) => {
    if (headers[":path"] === "/last") stream.session!.destroy();
    else echo(stream);
  });
  await using _ends = ends;
  const client = await openHttp2(test, HOST);
  ends.defer(client.close);

  for (let round = 0; round < ROUNDS; round++) {
    assert.deepEqual(await call300(client), []);
    const last = await callHttp2(client, { ":path": "/last" }, "301");
    assert.ok(last.status === 502 || last.code !== 0, `${last.status}`);
  }
});

withNode.test("a server that says GOAWAY to a client of HTTP/1.1 after 300 calls, five times: no call is lost", async () => {
  const { api, test, ends } = await onStage((stream, headers) => {
    if (headers[":path"] === "/last") stream.session!.goaway(0, stream.id!);
    stream.respond({ ":status": 200, "content-length": 2 });
    stream.end("ok");
  });
  await using _ends = ends;
  const client = await test.tunnel(HOST);
  const call = async (path: string) => {
    await client.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    return (await client.readAnswer()).body;
  };

  for (let round = 0; round < ROUNDS; round++) {
    for (let done = 0; done < 300; done++) assert.equal(await call("/"), "ok");
    assert.equal(await call("/last"), "ok");
  }

  assert.equal((await api.requests()).length, 301 * ROUNDS);
});
