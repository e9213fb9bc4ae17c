/** Chaining through the owner's own proxy. */
import assert from "node:assert/strict";
import { readCorporateProxies } from "../../proxy/corporate_proxy.ts";
import { startCorporateProxy } from "../support/corporate_proxy.ts";
import { callHttp2, openHttp2, startHttp2Upstream } from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

for (const scheme of ["http", "https"] as const) {
  Deno.test(`decrypted hosts, tunnels and plain requests go through an ${scheme}: corporate proxy, with its password`, async () => {
    const heads: string[] = [];
    const api = startTlsUpstream(["api.acme.test", "other.test"]);
    const corporate = startCorporateProxy(heads, api.port, {
      host: scheme === "https" ? "localhost" : null,
    });
    const place = `${scheme}://us%65r:p%40ss@localhost:${corporate.port}`;
    const test = await startTestProxy({
      authorities: [api.authorityPem, corporate.authorityPem],
      variables: { HTTPS_PROXY: place, HTTP_PROXY: place },
    });

    const routed = await test.tunnel("api.acme.test");
    for (let i = 0; i < 2; i++) {
      await routed.write("GET /1 HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      await routed.readAnswer();
    }
    const tunnelled = await test.tunnel("other.test", { authorities: [api.authorityPem] });
    await tunnelled.write("GET /2 HTTP/1.1\r\nHost: other.test\r\n\r\n");
    await tunnelled.readAnswer();
    const plain = await test.dial();
    await plain.write(
      `GET http://plain.test/3 HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
    );
    await plain.readAnswer();

    const password = `Proxy-Authorization: Basic ${btoa("user:p@ss")}\r\n`;
    assert.deepEqual(heads, [
      `CONNECT api.acme.test:443 HTTP/1.1\r\nHost: api.acme.test:443\r\n${password}\r\n`,
      `CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n${password}\r\n`,
      `GET http://plain.test:80/3 HTTP/1.1\r\nHost: plain.test\r\n${password}\r\n`,
    ]);
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      ["Bearer the-real-key", "Bearer the-real-key", null],
    );
    await test.close();
    await corporate.close();
    await api.close();
  });
}

for (const scheme of ["http", "https"] as const) {
  withNode.test(`HTTP/2, decrypted and tunnelled, goes through an ${scheme}: corporate proxy`, async () => {
    await using ends = new AsyncDisposableStack();
    const heads: string[] = [];
    const api = await startHttp2Upstream(
      ["api.acme.test", "other.test"],
      (stream, _headers, { echo }) => echo(stream),
    );
    ends.defer(api.close);
    const corporate = startCorporateProxy(heads, api.port, {
      host: scheme === "https" ? "localhost" : null,
    });
    ends.defer(corporate.close);
    const test = await startTestProxy({
      authorities: [api.authorityPem, corporate.authorityPem],
      variables: { HTTPS_PROXY: `${scheme}://user:p%40ss@localhost:${corporate.port}` },
    });
    ends.defer(test.close);

    const routed = await openHttp2(test, "api.acme.test");
    ends.defer(routed.close);
    const { proxy: { port }, authorization } = test;
    const ownRoots = { port, authority: { certificatePem: api.authorityPem } };
    const tunnelled = await openHttp2({ proxy: ownRoots, authorization }, "other.test");
    ends.defer(tunnelled.close);
    for (const client of [routed, tunnelled]) {
      const { body, trailers } = await callHttp2(client, { ":path": "/" }, "hello");
      assert.deepEqual([body, trailers["grpc-status"]], ["hello", "0"]);
    }

    const password = `Proxy-Authorization: Basic ${btoa("user:p@ss")}\r\n`;
    assert.deepEqual(
      heads.sort(),
      ["api.acme.test:443", "other.test:443"].map((place) =>
        `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${password}\r\n`
      ),
    );
    assert.deepEqual(
      (await api.requests()).map(({ authorization }) => authorization),
      ["Bearer the-real-key", undefined],
    );
  });
}

Deno.test("a corporate proxy whose certificate is not trusted gets neither password nor request", async () => {
  const heads: string[] = [];
  const corporate = startCorporateProxy(heads, 0, { host: "localhost" });
  const test = await startTestProxy({
    variables: { HTTPS_PROXY: `https://user:pass@localhost:${corporate.port}` },
  });

  const { head } = await test.connect("other.test:443");

  assert.match(head, /^HTTP\/1\.1 502 /);
  assert.deepEqual(heads, []);
  await test.close();
  await corporate.close();
});

Deno.test("a corporate proxy that refuses: 502 says which proxy and why", async () => {
  const corporate = startCorporateProxy([], 0, {
    refusal: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
  });
  const test = await startTestProxy({
    variables: { https_proxy: `http://127.0.0.1:${corporate.port}` },
  });

  const { head, raw } = await test.connect("other.test:443");

  assert.match(head, /^HTTP\/1\.1 502 /);
  assert.match(await raw.readAll(), /HTTPS_PROXY.*407.*user name and password/);
  await test.close();
  await corporate.close();
});

const EXCEPTIONS: readonly [string, string, boolean][] = [
  ["", "a.test", false],
  ["a.test", "a.test", true],
  ["a.test", "sub.a.test", true],
  ["a.test", "nota.test", false],
  [".a.test", "a.test", true],
  ["*.a.test", "sub.a.test", true],
  ["b.test, a.test", "a.test", true],
  ["*", "a.test", true],
  ["a.test:8443", "a.test", false],
  ["a.test:443", "a.test", true],
  ["10.0.0.1", "10.0.0.1", true],
];

for (const [noProxy, host, direct] of EXCEPTIONS) {
  Deno.test(`NO_PROXY=${JSON.stringify(noProxy)}: ${host} is ${direct ? "direct" : "chained"}`, () => {
    const variables: Record<string, string> = { ALL_PROXY: "http://corp:1", NO_PROXY: noProxy };
    const proxies = readCorporateProxies((name) => variables[name]);
    assert.equal(proxies.forTunnel(host, 443) === null, direct);
    assert.equal(proxies.forPlain(host, 443) === null, direct);
  });
}

for (const value of ["socks5://corp:1", "http://", "http://user:pass@/"]) {
  Deno.test(`HTTPS_PROXY=${value} is a clear error without its password`, () => {
    assert.throws(
      () => readCorporateProxies((name) => name === "HTTPS_PROXY" ? value : undefined),
      (error: Error) => /Cannot use HTTPS_PROXY/.test(error.message) && !/pass/.test(error.message),
    );
  });
}
