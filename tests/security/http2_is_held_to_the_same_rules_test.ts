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
import { ResetBudget } from "../../proxy/http2/reset_budget.ts";
import {
  callHttp2,
  type Http2Client,
  type Http2Upstream,
  openHttp2,
  type ServeStream,
  startHttp2Upstream,
} from "../support/http2_peers.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";

const HOST = "api.acme.test";

async function attack(
  body: (client: Http2Client, api: Http2Upstream, test: TestProxy) => Promise<void>,
  serve: ServeStream = (stream) => stream.respond({ ":status": 200 }, { endStream: true }),
): Promise<void> {
  const api = await startHttp2Upstream([HOST], serve);
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const client = await openHttp2(test, HOST);
  try {
    await body(client, api, test);
  } finally {
    await client.close();
    await test.close();
    await api.close();
  }
}

/** 0: the HTTP/2 library resets the stream before it is one (RFC 9113 section 8.1.1). */
const REFUSED: readonly [name: string, status: number, headers: Record<string, string>][] = [
  ["another authority", 421, { ":path": "/", ":authority": "evil.test" }],
  ["another port", 421, { ":path": "/", ":authority": `${HOST}:8443` }],
  ["user information", 0, { ":path": "/", ":authority": `${HOST}@evil.test` }],
  ["a trailing dot", 421, { ":path": "/", ":authority": `${HOST}.` }],
  ["another host beside the authority", 400, { ":path": "/", "host": "evil.test" }],
  ["plain http as scheme", 400, { ":path": "/", ":scheme": "http" }],
  ["a path in absolute-form", 0, { ":path": "https://evil.test/" }],
  ["a path with a space and another request", 0, { ":path": "/ HTTP/1.1" }],
  ["TRACE", 405, { ":path": "/", ":method": "TRACE" }],
];

for (const [name, status, headers] of REFUSED) {
  Deno.test(
    `HTTP/2 with ${name} is ${
      status === 0 ? "reset" : `answered ${status}`
    } and nothing reaches the server`,
    async () => {
      await attack(async (client, api, test) => {
        const answer = await callHttp2(client, { ":authority": HOST, ...headers });
        assert.equal(answer.status, status);
        assert.equal(api.requests.length, 0);
        assert.equal(test.daemon.asked.length, 0);
        if (status === 0) return;
        // The connection goes on: other streams did nothing wrong.
        assert.equal((await callHttp2(client, { ":authority": HOST, ":path": "/" })).status, 200);
      });
    },
  );
}

Deno.test("rapid reset ends the connection with ENHANCE_YOUR_CALM", async () => {
  await attack(async (client, api, test) => {
    const goaway = new Promise<number>((resolve) => client.session.once("goaway", resolve));
    const ended = new Promise<void>((resolve) => client.session.once("close", () => resolve()));
    const flood = async () => {
      for (let i = 0; i < 5000 && !client.session.destroyed && !client.session.closed; i++) {
        const stream = client.session.request({ ":path": "/", ":method": "POST" });
        stream.on("error", () => {});
        stream.close(8);
        if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await Promise.race([flood(), goaway, ended]);
    await ended;
    assert.ok(api.requests.length < 1000, `${api.requests.length} reached the server`);
    await test.proxy.close();
    const denials = test.daemon.reported.flatMap((report) => report.denials);
    assert.deepEqual(denials.map(({ reason }) => reason), ["RapidResetError"]);
  }, () => {});
});

Deno.test("ResetBudget lets a burst pass, and comes back with time", () => {
  let now = 0;
  const budget = new ResetBudget(() => now);
  let spent = 0;
  while (budget.spend()) spent++;
  assert.equal(spent, 200);
  now += 1000;
  while (budget.spend()) spent++;
  assert.equal(spent, 220);
});

Deno.test("a client may not have more than 100 streams open", async () => {
  let open = 0;
  let most = 0;
  await attack(async (client) => {
    if (client.session.remoteSettings.maxConcurrentStreams === undefined) {
      await new Promise((resolve) => client.session.once("remoteSettings", resolve));
    }
    assert.equal(client.session.remoteSettings.maxConcurrentStreams, 100);
    await Promise.all(
      Array.from({ length: 150 }, () => callHttp2(client, { ":path": "/" })),
    );
    assert.ok(most <= 100, `${most} at once`);
  }, (stream) => {
    most = Math.max(most, ++open);
    stream.once("close", () => open--);
    setTimeout(() => stream.respond({ ":status": 200 }, { endStream: true }), 5);
  });
});

Deno.test("a head above 64 KiB never reaches the server", async () => {
  await attack(async (client, api) => {
    const headers: Record<string, string> = { ":path": "/" };
    for (let i = 0; i < 40; i++) headers[`x-${i}`] = "v".repeat(4000);
    const stream = client.session.request(headers);
    stream.on("error", () => {});
    await new Promise<void>((resolve) => stream.once("close", () => resolve()));
    assert.equal(api.requests.length, 0);
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
const [HEADERS, SETTINGS, PING, CONTINUATION] = [1, 4, 6, 9];
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
  Deno.test(`${what}: nothing is piled up, nothing reaches the server`, async () => {
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
    assert.equal(api.requests.length, 0);
    client.close();
    await flood;
    await test.close();
    await api.close();
  });
}

Deno.test("fifty answers that the client opens no window for are not piled up", async () => {
  let given = 0;
  const piece = new Uint8Array(64 * 1024);
  const api = await startHttp2Upstream([HOST], (stream) => {
    stream.respond({ ":status": 200 });
    const more = () => {
      while (!stream.destroyed && given < 4 * MOST) {
        given += piece.length;
        if (!stream.write(piece)) return void stream.once("drain", more);
      }
    };
    more();
  });
  const test = await startTestProxy({
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const client = await openHttp2(test, HOST, { initialWindowSize: 0 });
  const heads = Array.from({ length: 50 }, () => {
    const stream = client.session.request({ ":path": "/" });
    stream.on("error", () => {});
    return new Promise((resolve) => stream.once("response", resolve));
  });
  await Promise.all(heads);
  for (let seen = -1; seen !== given;) {
    seen = given;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  // A window of 256 KiB for each stream, and the buffers on the way.
  assert.ok(given < MOST, `${given} bytes are waiting`);
  await client.close();
  await test.close();
  await api.close();
});
