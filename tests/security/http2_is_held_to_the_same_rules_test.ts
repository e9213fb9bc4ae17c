/**
 * Named invariants "the authority that was connected to decides the credential" and "fail closed",
 * over HTTP/2.
 *
 * The attacks: a child names another authority in `:authority`, `host` or the path; it opens and
 * resets streams faster than servers can take (CVE-2023-44487); it sends a head without end, in one
 * frame or in CONTINUATION after CONTINUATION (CVE-2024-27316); it floods with SETTINGS or PING and
 * reads no answer (CVE-2019-9512, CVE-2019-9515); it asks for large answers and opens no window for
 * them (CVE-2019-9511); it opens more streams than it may; it shakes hands and says nothing.
 */
import assert from "node:assert/strict";
import { RateBudget } from "../../proxy/http2/rate_budget.ts";
import { RESETS } from "../../proxy/http2/serve_http2.ts";
import { block, F, FramePeer, numberAt, numbers, T } from "../support/frame_peer.ts";
import {
  callHttp2,
  type Http2Client,
  type Http2Upstream,
  openHttp2,
  type ServeStream,
  startHttp2Upstream,
} from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { headOf } from "../support/raw_http2_stage.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";
import { until } from "../support/until.ts";

const HOST = "api.acme.test";
/** RFC 9113 section 7. */
const [CANCEL, ENHANCE_YOUR_CALM] = [8, 11];

async function attack(
  body: (client: Http2Client, api: Http2Upstream, test: TestProxy) => Promise<void>,
  serve: ServeStream = (stream) => stream.respond({ ":status": 200 }, { endStream: true }),
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([HOST], serve);
  ends.defer(api.close);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  const client = await openHttp2(test, HOST);
  ends.defer(client.close);
  await body(client, api, test);
}

const REFUSED: readonly [name: string, status: number, headers: Record<string, string>][] = [
  ["another authority", 421, { ":path": "/", ":authority": "evil.test" }],
  ["another port", 421, { ":path": "/", ":authority": `${HOST}:8443` }],
  ["user information", 421, { ":path": "/", ":authority": `${HOST}@evil.test` }],
  ["a trailing dot", 421, { ":path": "/", ":authority": `${HOST}.` }],
  ["another host beside the authority", 400, { ":path": "/", "host": "evil.test" }],
  ["plain http as scheme", 400, { ":path": "/", ":scheme": "http" }],
  ["a path in absolute-form", 400, { ":path": "https://evil.test/" }],
  ["a path with a space and another request", 400, { ":path": "/ HTTP/1.1" }],
  ["TRACE", 405, { ":path": "/", ":method": "TRACE" }],
];

for (const [name, status, headers] of REFUSED) {
  withNode.test(
    `HTTP/2 with ${name} is answered ${status}, logged, and nothing reaches the server`,
    async () => {
      await attack(async (client, api, test) => {
        const answer = await callHttp2(client, { ":authority": HOST, ...headers });
        assert.equal(answer.status, status);
        assert.deepEqual(await api.requests(), []);
        assert.equal(test.daemon.asked.length, 0);
        // The connection goes on: other streams did nothing wrong.
        assert.equal((await callHttp2(client, { ":authority": HOST, ":path": "/" })).status, 200);
        await test.proxy.close();
        const [denial] = test.daemon.reported.flatMap(({ denials }) => denials);
        assert.equal(denial?.reason, JSON.parse(answer.body).error);
      });
    },
  );
}

// With END_STREAM in front of the reset and without: a server has work with both.
for (const [method, endStream] of [["GET", F.END_STREAM], ["POST", 0]] as const) {
  withNode.test(`rapid reset of ${method} ends the connection with ENHANCE_YOUR_CALM`, async () => {
    await using ends = new AsyncDisposableStack();
    const api = await startHttp2Upstream([HOST], () => {});
    ends.defer(api.close);
    const test = await startTestProxy({
      servers: { [HOST]: api.port },
      authorities: [api.authorityPem],
    });
    ends.defer(test.close);
    // Frame by frame: Node's client at times loses what it is told, and that the connection has ended.
    using client = new FramePeer((await test.tunnel(HOST, { protocols: ["h2"] })).conn);
    await client.greetAsClient();
    let isTold = false;
    const told = client.nextOf(T.GOAWAY).finally(() => isTold = true);
    const head = block(headOf(method));
    for (let id = 1; id < 10_000 && !isTold; id += 2) {
      const request = frame(HEADERS, endStream | END_HEADERS, id, head);
      // It may end under our words.
      await client.sendBytes(request, frame(T.RST_STREAM, 0, id, numbers(CANCEL))).catch(() => {});
      if (id % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const goaway = await told;

    assert.equal(numberAt(goaway!.payload, 4), ENHANCE_YOUR_CALM);
    const { length } = await api.requests();
    assert.ok(length < 1000, `${length} reached the server`);
    await test.proxy.close();
    const denials = test.daemon.reported.flatMap((report) => report.denials);
    assert.deepEqual(denials.map(({ reason }) => reason), ["RapidResetError"]);
  });
}

Deno.test("the budget of resets lets a burst pass, and comes back with time", () => {
  let now = 0;
  const budget = new RateBudget(RESETS, () => now);
  let spent = 0;
  while (budget.spend()) spent++;
  assert.equal(spent, 200);
  now += 1000;
  while (budget.spend()) spent++;
  assert.equal(spent, 220);
});

withNode.test("a client may not have more than 100 streams open", async () => {
  await attack(async (client, api) => {
    const [limit, statuses] = await client.run(async ({ session, call }) => {
      // The settings come before any answer.
      await call({ ":path": "/" });
      const answers = Array.from({ length: 150 }, () => call({ ":path": "/" }));
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      return [session.remoteSettings.maxConcurrentStreams, statuses];
    });
    assert.equal(limit, 100);
    assert.deepEqual(statuses, Array(150).fill(200));
    const open = await api.told<number>("open");
    assert.ok(Math.max(...open) <= 100, `${Math.max(...open)} at once`);
  }, (stream, _headers, tools) => {
    const here = tools as unknown as { open?: number };
    here.open = (here.open ?? 0) + 1;
    tools.tell("open", here.open);
    stream.once("close", () => here.open!--);
    setTimeout(() => stream.respond({ ":status": 200 }, { endStream: true }), 5);
  });
});

withNode.test("of a client that opens 200 all the same, 100 reach the server, and the others are refused", async () => {
  const api = await startHttp2Upstream([HOST], () => {});
  await using ends = new AsyncDisposableStack();
  ends.defer(api.close);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  const client = await test.tunnel(HOST, { protocols: ["h2"] });
  await client.write(PREFACE);
  await client.write(frame(SETTINGS, 0, 0, new Uint8Array()));
  for (let index = 0; index < 200; index++) {
    await client.write(frame(HEADERS, END_STREAM | END_HEADERS, 2 * index + 1, ASK));
  }

  await until(async () => (await api.requests()).length >= 100);
  // The proxy has read all of them when it answers this.
  await client.write(frame(PING, 0, 0, new TextEncoder().encode("all read")));
  const said = await client.readUntil("all read");
  // deno-lint-ignore no-control-regex
  const refusals = said.match(/\x00\x00\x04\x03\x00[^]{4}\x00\x00\x00\x07/g) ?? [];
  assert.equal(refusals.length, 100, "RST_STREAM with REFUSED_STREAM");
  assert.equal((await api.requests()).length, 100);
});

withNode.test("a head above 64 KiB never reaches the server", async () => {
  await attack(async (client, api) => {
    const { status, body } = await client.run(({ session, read }) => {
      const headers: Record<string, string> = { ":path": "/" };
      for (let i = 0; i < 40; i++) headers[`x-${i}`] = "v".repeat(4000);
      const stream = session.request(headers);
      const frameError = new Promise<never>((_, reject) =>
        stream.once("frameError", () => reject(new Error("Node has not sent it")))
      );
      return Promise.race([read(stream), frameError]);
    });
    assert.deepEqual([status, JSON.parse(body).error], [431, "HeadTooLargeError"]);
    assert.deepEqual(await api.requests(), []);
    assert.equal((await callHttp2(client, { ":path": "/" })).status, 200);
  });
});

/** A frame (RFC 9113 section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (payload.length << 8) | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const [DATA, HEADERS, SETTINGS, PING, CONTINUATION] = [0, 1, 4, 6, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
/** `GET https://HOST/`: three indexed lines, and the authority as a literal (RFC 7541 section 6). */
const ASK = Uint8Array.from([
  0x82,
  0x87,
  0x84,
  0x01,
  HOST.length,
  ...new TextEncoder().encode(HOST),
]);
/** An indexed `:method: GET` over and over: valid HPACK of any length. */
const BLOCK = new Uint8Array(8 * 1024).fill(0x82);
/** A literal header field that is never indexed, `x: vvv…` (RFC 7541 section 6.2.3). */
const FIELD = Uint8Array.from([0x10, 1, 0x78, 0x7f, 0x81, 0x1e, ...new Uint8Array(4096).fill(118)]);

const FLOODS: Readonly<Record<string, (index: number) => Uint8Array>> = {
  "a head in CONTINUATION frames without end": (index) =>
    index === 0 ? frame(HEADERS, 0, 1, BLOCK) : frame(CONTINUATION, 0, 1, BLOCK),
  "a head of large fields without end": (index) =>
    index === 0 ? frame(HEADERS, 0, 1, FIELD) : frame(CONTINUATION, 0, 1, FIELD),
  "SETTINGS whose acknowledgements are not read": () => frame(SETTINGS, 0, 0, new Uint8Array()),
  "PINGs whose answers are not read": () => frame(PING, 0, 0, new Uint8Array(8)),
};
const MOST = 64 * 1024 * 1024;

for (const [what, make] of Object.entries(FLOODS)) {
  withNode.test(`${what}: nothing is piled up, nothing reaches the server`, async () => {
    const api = await startHttp2Upstream([HOST], () => {});
    const test = await startTestProxy({
      servers: { [HOST]: api.port },
      authorities: [api.authorityPem],
    });
    const client = await test.tunnel(HOST, { protocols: ["h2"] });
    await client.write(PREFACE);
    await client.write(frame(SETTINGS, 0, 0, new Uint8Array()));
    let sent = 0;
    const flood = (async () => {
      for (let index = 0; sent < MOST; index++) {
        // Many small ones at once, so that the flood is the proxy's work and not the test's.
        const one = make(index);
        const many = index === 0 ? [one] : Array.from({ length: 512 }, () => one);
        const bytes = new Uint8Array(many.reduce((sum, { length }) => sum + length, 0));
        many.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
        await client.write(bytes);
        sent += bytes.length;
      }
    })().then(() => "all of it was taken", () => "the connection ended");
    // Either it ends, or it is no longer read: then nothing more is taken.
    for (let seen = -1; seen !== sent && sent < MOST;) {
      seen = sent;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    assert.ok(sent < MOST, `${sent} bytes were taken`);
    assert.deepEqual(await api.requests(), []);
    client.close();
    await flood;
    await test.close();
    await api.close();
  });
}

/** A literal field that is not indexed, of a name in the static table (RFC 7541 section 6.2.2). */
function literal(index: number, value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  assert.ok(bytes.length < 127);
  return Uint8Array.from([index, bytes.length, ...bytes]);
}

const [AUTHORITY, PATH] = [1, 4];
/** Bytes that end a line once they are written as HTTP/1.1. */
const SPLITTING: Readonly<Record<string, Uint8Array[]>> = {
  ":authority": [
    Uint8Array.of(0x82, 0x87, 0x84),
    literal(AUTHORITY, `${HOST}\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: ${HOST}`),
  ],
  ":authority, as a header": [
    Uint8Array.of(0x82, 0x87, 0x84),
    literal(AUTHORITY, `${HOST}\r\nx-smuggled: 1`),
  ],
  ":path": [
    Uint8Array.of(0x82, 0x87),
    literal(PATH, "/ HTTP/1.1\r\nx-smuggled: 1\r\nx: "),
    literal(AUTHORITY, HOST),
  ],
};

for (const [where, fields] of Object.entries(SPLITTING)) {
  Deno.test(`a line end in ${where}, on its way to a server of HTTP/1.1, is refused`, async () => {
    const api = startTlsUpstream([HOST]);
    const test = await startTestProxy({
      servers: { [HOST]: api.port },
      authorities: [api.authorityPem],
    });
    const client = await test.tunnel(HOST, { protocols: ["h2"] });
    await client.write(PREFACE);
    await client.write(frame(SETTINGS, 0, 0, new Uint8Array()));
    // By the first one it is known that the server has no HTTP/2.
    await client.write(frame(HEADERS, END_STREAM | END_HEADERS, 1, ASK));
    await until(() => api.requests.length === 1);
    const block = Uint8Array.from(fields.flatMap((field) => [...field]));
    await client.write(frame(HEADERS, END_STREAM | END_HEADERS, 3, block));
    await client.readUntil('"error":"BadRequestError"');

    assert.equal(api.requests.length, 1);
    client.close();
    await test.close();
    await api.close();
  });
}

const BROKEN: Readonly<Record<string, [offence: string, bytes: Uint8Array]>> = {
  "frames that bring nothing": [
    "FloodError",
    repeated(frame(DATA, 0, 1, new Uint8Array()), 20_000),
  ],
  "a head without end": ["FloodError", repeated(frame(CONTINUATION, 0, 1, BLOCK), 64)],
  "a frame inside a head": ["BadFrameError", frame(PING, 0, 0, new Uint8Array(8))],
  "a frame that is too long": ["BadFrameError", frame(CONTINUATION, 0, 1, new Uint8Array(40_000))],
  "a header that points nowhere": [
    "BadHeaderError",
    frame(CONTINUATION, END_HEADERS, 1, Uint8Array.of(0xff, 0xff, 0xff, 0x07)),
  ],
};

for (const [what, [offence, bytes]] of Object.entries(BROKEN)) {
  Deno.test(`${what}: the connection ends, logged as ${offence}`, async () => {
    const test = await startTestProxy();
    const client = await test.tunnel(HOST, { protocols: ["h2"] });
    await client.write(PREFACE);
    await client.write(frame(SETTINGS, 0, 0, new Uint8Array()));
    // An open head; for frames behind a head, a whole one.
    const isBehind = what === "frames that bring nothing";
    const flags = isBehind ? END_HEADERS : 0;
    await client.write(frame(HEADERS, flags, 1, isBehind ? ASK : BLOCK.subarray(0, 1)));
    const sending = client.write(bytes).catch(() => {});
    await client.readAll().catch(() => {});
    await sending;

    await test.proxy.close();
    const denials = test.daemon.reported.flatMap((report) => report.denials);
    assert.ok(denials.some(({ host, reason }) => host === HOST && reason === offence));
    await test.close();
  });
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  const bytes = new Uint8Array(piece.length * times);
  for (let time = 0; time < times; time++) bytes.set(piece, time * piece.length);
  return bytes;
}

withNode.test("fifty answers that the client opens no window for are not piled up", async () => {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([HOST], (stream, _headers, { Buffer, tell }) => {
    stream.respond({ ":status": 200 });
    const piece = Buffer.alloc(64 * 1024);
    let given = 0;
    const more = () => {
      while (!stream.destroyed && given < 8 * 1024 * 1024) {
        given += piece.length;
        tell("given", piece.length);
        if (!stream.write(piece)) return void stream.once("drain", more);
      }
    };
    more();
  });
  ends.defer(api.close);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  const client = await openHttp2(test, HOST, { initialWindowSize: 0 });
  ends.defer(client.close);
  await client.run(async ({ session }) => {
    const heads = Array.from({ length: 50 }, () => {
      const stream = session.request({ ":path": "/" });
      stream.on("error", () => {});
      return new Promise((resolve) => stream.once("response", resolve));
    });
    await Promise.all(heads);
  });
  let given = 0;
  for (let seen = -1; seen !== given;) {
    seen = given;
    await new Promise((resolve) => setTimeout(resolve, 150));
    given = (await api.told<number>("given")).reduce((sum, length) => sum + length, 0);
  }
  // A window of 256 KiB for each stream, and the buffers on the way.
  assert.ok(given < MOST, `${given} bytes are waiting`);
});
