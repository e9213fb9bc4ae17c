/**
 * A network that goes away without a word: nothing is closed, and nothing arrives (RFC 9113 section
 * 6.7). Real servers, with a relay in front of them that swallows what passes.
 */
import assert from "node:assert/strict";
import type { Timing } from "../../../proxy/timing.ts";
import {
  callHttp2,
  type Http2Upstream,
  openHttp2,
  type ServeStream,
  startHttp2Upstream,
} from "../../support/http2_peers.ts";
import { withNode } from "../../support/node_process.ts";
import { startTestProxy, type TestProxy } from "../../support/proxy_bench.ts";
import { startSwallowingRelay, type SwallowingRelay } from "../../support/swallowing_relay.ts";

const HOST = "api.acme.test";
/** An answer has three seconds, also where the server's process waits for its turn. */
const IMPATIENT = { silentMs: 20, pingMs: 3_000, quietMs: 20 };

interface Stage {
  readonly api: Http2Upstream;
  readonly relay: SwallowingRelay;
  readonly test: TestProxy;
  readonly ends: AsyncDisposableStack;
}

async function onStage(
  serve: ServeStream,
  body: (stage: Stage) => Promise<void>,
  timing: Partial<Timing> = IMPATIENT,
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([HOST], serve);
  ends.defer(api.close);
  const relay = ends.use(startSwallowingRelay(api.port));
  const test = await startTestProxy({
    servers: { [HOST]: relay.port },
    authorities: [api.authorityPem],
    timing,
  });
  ends.defer(test.close);
  await body({ api, relay, test, ends });
}

/** Answers at once, but for what waits. */
const answer: ServeStream = (stream, headers, { tell }) => {
  tell("called", headers[":path"]);
  if (headers[":path"] !== "/wait") stream.respond({ ":status": 200 }, { endStream: true });
};

withNode.test("a call that waits when the network goes away is answered 502, with the reason", async () => {
  await onStage(answer, async ({ api, relay, test, ends }) => {
    const client = await openHttp2(test, HOST);
    ends.defer(client.close);

    const answering = callHttp2(client, { ":path": "/wait" }, "a POST");
    await api.until("called");
    relay.swallow();

    const { status, headers, body } = await answering;
    assert.deepEqual([status, headers["x-authsome-error"]], [502, "EndpointUnreachableError"]);
    assert.match(JSON.parse(body).message, /the server does not answer any more/);
    // The next one has a session that works.
    assert.equal((await callHttp2(client, { ":path": "/" }, "a POST")).status, 200);
  });
});

withNode.test("a session whose network went away while it was idle costs a GET nothing but time", async () => {
  await onStage(answer, async ({ relay, test, ends }) => {
    const client = await openHttp2(test, HOST);
    ends.defer(client.close);

    assert.equal((await callHttp2(client, { ":path": "/1" })).status, 200);
    relay.swallow();

    assert.equal((await callHttp2(client, { ":path": "/2" })).status, 200);
  });
});

withNode.test("an answer that the network takes away in the middle is never a whole one", async () => {
  await onStage((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half");
  }, async ({ relay, test, ends }) => {
    const client = await openHttp2(test, HOST);
    ends.defer(client.close);

    const reading = client.run(({ session, read, tell }) => {
      const stream = session.request({ ":path": "/" });
      stream.once("data", () => tell("half"));
      return read(stream);
    });
    await client.until("half");
    relay.swallow();

    const { status, code } = await reading;
    assert.equal(status, 200);
    assert.notEqual(code, 0);
  });
});

withNode.test("a client of HTTP/1.1 is told so too, and its GET on a connection that had worked is repeated", async () => {
  await onStage(answer, async ({ api, relay, test }) => {
    const client = await test.tunnel(HOST);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

    await client.write(get("/1"));
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    relay.swallow();
    await client.write(get("/2"));
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);

    await client.write(
      `POST /wait HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nhi`,
    );
    while (!(await api.told("called")).includes("/wait"));
    relay.swallow();
    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 502 /);
    assert.match(JSON.parse(body).message, /does not answer any more/);
  });
});

withNode.test("a stream that is quiet for good reason lives on as long as PINGs are answered", async () => {
  await onStage(async (stream, _headers, { tell, until }) => {
    let pings = 0;
    stream.session!.on("ping", () => tell(`PING ${++pings}`));
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    await until("speak");
    stream.end("data: 1\n\n");
  }, async ({ api, test, ends }) => {
    const client = await openHttp2(test, HOST);
    ends.defer(client.close);

    const answering = callHttp2(client, { ":path": "/" });
    await api.until("PING 5");
    api.tell("speak");

    const { body, code } = await answering;
    assert.deepEqual([body, code], ["data: 1\n\n", 0]);
  }, { silentMs: 5, pingMs: 60_000, quietMs: 5 });
});
