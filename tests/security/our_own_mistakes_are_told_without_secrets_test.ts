/**
 * A mistake in our own code ends the connection it happened on, and the run goes on. The attack is the
 * words for it: a runtime's error quotes what the code tripped over, which may be a credential, and
 * both the child and whoever reads the terminal would see it. So kind and place are told, and no more.
 */
import assert from "node:assert/strict";
import type { FilledInjection } from "../../core/injection.ts";
import type { Duplex } from "../../proxy/duplex.ts";
import { Refusal, refusalBody, unreachable } from "../../proxy/fail_closed.ts";
import { faultTeller } from "../../proxy/fault_teller.ts";
import { Http1Bridge } from "../../proxy/http2/http1_bridge.ts";
import { TIMING } from "../../proxy/timing.ts";
import { bearer, FakeDaemon, makeCredential } from "../support/fake_daemon.ts";
import { callHttp2, openHttp2 } from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

const HOST = "api.acme.test";
const KEY = "the-real-key";
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const TOLD = /^a mistake in authsome: (\w+) at ([\w/]+\.ts):\d+:\d+; that connection was ended, /;

/** Makes our code trip over the credential: a header that is no text. */
function trip(): FilledInjection {
  return {
    ...bearer(KEY),
    value: { toString: () => JSON.parse(KEY) },
  } as unknown as FilledInjection;
}

async function onStage(
  body: (test: TestProxy, daemon: FakeDaemon, requests: readonly unknown[]) => Promise<void>,
): Promise<void> {
  const api = startTlsUpstream([HOST]);
  const daemon = new FakeDaemon();
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
    hasFaults: true,
  });
  try {
    await body(test, daemon, api.requests);
  } finally {
    await test.close();
    await api.close();
  }
}

/** No clean end: what the client read is not a whole answer. */
async function breaksOff(test: TestProxy): Promise<void> {
  const client = await test.tunnel(HOST);
  await client.write(REQUEST);
  await assert.rejects(client.readAll(), Deno.errors.UnexpectedEof);
}

Deno.test("a mistake over HTTP/1.1: its connection ends, it is told once, and the next request works", async () => {
  await onStage(async (test, daemon, requests) => {
    const works = daemon.resolve;
    daemon.resolve = (request) => makeCredential(request, [trip()]);
    await breaksOff(test);
    await breaksOff(test);
    assert.equal(requests.length, 0);

    assert.equal(test.notes.length, 1);
    assert.match(test.notes[0]!, TOLD);
    assert.ok(!test.notes[0]!.includes(KEY.slice(0, 8)), test.notes[0]);

    daemon.resolve = works;
    daemon.change();
    const client = await test.tunnel(HOST);
    await client.write(REQUEST);
    assert.match((await client.readAnswer()).head, /^HTTP\/1\.1 200 /);
  });
});

withNode.test("a mistake over HTTP/2: its stream ends, it is told, and the next one works", async () => {
  await onStage(async (test, daemon, requests) => {
    const works = daemon.resolve;
    daemon.resolve = (request) => makeCredential(request, [trip()]);
    await using ends = new AsyncDisposableStack();
    const client = await openHttp2(test, HOST);
    ends.defer(client.close);
    assert.equal((await callHttp2(client, { ":path": "/" })).code, 2); // INTERNAL_ERROR
    assert.equal(requests.length, 0);
    assert.match(test.notes.join("\n"), TOLD);
    assert.ok(!test.notes.join("\n").includes(KEY.slice(0, 8)));

    daemon.resolve = works;
    daemon.change();
    assert.equal((await callHttp2(client, { ":path": "/" })).status, 200);
  });
});

Deno.test("a mistake while the daemon is asked is told, and the child reads nothing of it", async () => {
  await onStage(async (test, daemon) => {
    daemon.resolve = () => JSON.parse(KEY);
    const client = await test.tunnel(HOST);
    await client.write(REQUEST);
    const { head, body } = await client.readAnswer();
    assert.match(head, /^HTTP\/1\.1 502 /);
    for (const text of [body, ...test.notes]) assert.ok(!text.includes(KEY.slice(0, 8)), text);
    assert.match(test.notes[0]!, /^a mistake in authsome: SyntaxError at /);
  });
});

Deno.test("a mistake while a server is asked is not told as the server's, nor in its own words", () => {
  const cause = new TypeError(`Invalid URL: '${KEY}'`);
  const refusal = unreachable(`${HOST}:443`, cause);
  assert.equal(refusal.error, "InternalError");
  assert.ok(!refusalBody(refusal).includes(KEY));
  const notes: string[] = [];
  faultTeller((line) => notes.push(line))(refusal);
  assert.match(notes[0]!, /^a mistake in authsome: TypeError at /);
});

Deno.test("a mistake in what reads a server's HTTP/2 is told, not only that it broke off", async () => {
  const told = Promise.withResolvers<unknown>();
  const broken: Duplex = {
    read: () => Promise.reject(new TypeError(KEY)),
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };

  const bridge = new Http1Bridge(broken, {
    silence: TIMING,
    reconnect: () => Promise.resolve(broken),
    onFault: told.resolve,
  });

  assert.ok(await told.promise instanceof TypeError);
  bridge.close();
});

Deno.test("what peers and networks do is no mistake of ours, and is not told", () => {
  const notes: string[] = [];
  const tell = faultTeller((line) => notes.push(line));
  tell(new Error("socket hang up"));
  tell(new Deno.errors.ConnectionReset("Connection reset by peer"));
  tell(new DOMException("aborted", "AbortError"));
  tell(new Refusal(502, "EndpointUnreachableError", "Cannot reach it", { cause: new Error("x") }));
  tell("a text");
  assert.deepEqual(notes, []);
});

Deno.test("a message that is made to look like a place is not taken for one", () => {
  const notes: string[] = [];
  const tell = faultTeller((line) => notes.push(line));
  tell(new TypeError(`x\n    at proxy/${KEY.replaceAll("-", "_")}.ts:1:1`));
  assert.ok(!notes[0]!.includes("the_real_key"), notes[0]);
});

Deno.test("a run that is full of mistakes tells twenty of them", () => {
  const notes: string[] = [];
  const tell = faultTeller((line) => notes.push(line));
  for (let line = 0; line < 100; line++) {
    const fault = new TypeError("x");
    fault.stack = `TypeError: x\n    at f (file:///a/proxy/exchange.ts:${line}:1)`;
    tell(fault);
  }
  assert.equal(notes.length, 20);
});
