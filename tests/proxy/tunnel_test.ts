/** Hosts without a route: bytes go through untouched, or not at all. */
import assert from "node:assert/strict";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { signal } from "../support/scripted_run.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";
import { freePort } from "../support/free_port.ts";

Deno.test("a host without a route is not decrypted: the client sees the server's own certificate", async () => {
  const api = startTlsUpstream(["other.test"]);
  const test = await startTestProxy({ servers: { "other.test": api.port } });

  const client = await test.tunnel("other.test", { authorities: [api.authorityPem] });
  await client.write("GET / HTTP/1.1\r\nHost: other.test\r\nAuthorization: Bearer own\r\n\r\n");
  await client.readAnswer();

  assert.equal(api.requests[0]!.headers.get("authorization"), "Bearer own");
  assert.equal(test.daemon.asked.length, 0);
  await test.close();
  await api.close();
});

Deno.test("each direction of a tunnel ends by itself", async () => {
  const got = signal<string>();
  const server = startRawUpstream(null, async (connection) => {
    // The client has ended its half; the answer still goes back.
    got.resolve(await connection.readAll());
    await connection.write("the answer");
  });
  const test = await startTestProxy({ servers: { "other.test:9": server.port } });

  const { raw } = await test.connect("other.test:9");
  await raw.write("the question");
  await (raw.conn as Deno.TcpConn).closeWrite();

  assert.equal(await got.promise, "the question");
  assert.equal(await raw.readAll(), "the answer");
  await test.close();
  await server.close();
});

Deno.test("a server that speaks first is heard, and bytes right behind CONNECT are not lost", async () => {
  const server = startRawUpstream(null, async (connection) => {
    await connection.write("220 ready\r\n");
    await connection.write((await connection.readBytes(5)).toUpperCase());
    await connection.readAll();
  });
  const test = await startTestProxy({ servers: { "other.test:25": server.port } });

  const raw = await test.dial();
  await raw.write(`CONNECT other.test:25 HTTP/1.1\r\n${test.authorization}\r\nhello`);
  assert.match(await raw.readHead(), /^HTTP\/1.1 200 /);

  assert.equal(await raw.readUntil("\r\n"), "220 ready\r\n");
  assert.equal(await raw.readBytes(5), "HELLO");
  await test.close();
  await server.close();
});

Deno.test("a CONNECT that comes byte by byte is understood", async () => {
  const server = startRawUpstream(null, (connection) => connection.write("here"));
  const test = await startTestProxy({ servers: { "other.test:9": server.port } });

  const raw = await test.dial();
  for (const byte of `CONNECT other.test:9 HTTP/1.1\r\n${test.authorization}\r\n`) {
    await raw.write(byte);
    // It is read before the next one is written.
    await new Promise((resolve) => setTimeout(resolve));
  }

  assert.match(await raw.readHead(), /^HTTP\/1.1 200 /);
  assert.equal(await raw.readAll(), "here");
  await test.close();
  await server.close();
});

Deno.test("a client that goes away closes the server's side", async () => {
  const ended = signal();
  const server = startRawUpstream(null, async (connection) => {
    await connection.write("x");
    await connection.readAll().catch(() => {});
    ended.resolve();
  });
  const test = await startTestProxy({ servers: { "other.test:9": server.port } });

  const { raw } = await test.connect("other.test:9");
  await raw.readBytes(1);
  raw.close();

  await ended.promise;
  await test.close();
  await server.close();
});

Deno.test("a server that refuses the connection: 502 with a reason", async () => {
  const test = await startTestProxy({ servers: { "other.test:9": freePort() } });

  const { head, raw } = await test.connect("other.test:9");

  assert.match(head, /^HTTP\/1.1 502 /);
  assert.match(await raw.readAll(), /EndpointUnreachableError.*other\.test:9/);
  await test.close();
});

Deno.test("--deny-unmatched refuses every host without a route", async () => {
  const test = await startTestProxy({ denyUnmatched: true });

  const { head, raw } = await test.connect("other.test:443");

  assert.match(head, /^HTTP\/1.1 403 /);
  assert.match(await raw.readAll(), /HostNotAllowedError.*--deny-unmatched/);
  await test.close();
});

Deno.test("--deny-unmatched refuses a path that no login covers, at a host that one does", async () => {
  const api = startTlsUpstream(["api.acme.test"]);
  const test = await startTestProxy({
    daemon: new FakeDaemon([makeRoute({ path: "/v1" })]),
    servers: { "api.acme.test": api.port },
    authorities: [api.authorityPem],
    denyUnmatched: true,
  });

  const client = await test.tunnel("api.acme.test");
  await client.write("GET /v2 HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");

  assert.match((await client.readAnswer()).head, /^HTTP\/1.1 403 /);
  assert.equal(api.requests.length, 0);
  await test.close();
  await api.close();
});

Deno.test("a path that no login covers goes out without a credential", async () => {
  const api = startTlsUpstream(["api.acme.test"]);
  const test = await startTestProxy({
    daemon: new FakeDaemon([makeRoute({ path: "/v1" })]),
    servers: { "api.acme.test": api.port },
    authorities: [api.authorityPem],
  });

  const client = await test.tunnel("api.acme.test");
  for (const path of ["/v1/a", "/v2/a", "/v1x"]) {
    await client.write(`GET ${path} HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`);
    await client.readAnswer();
  }

  assert.deepEqual(
    api.requests.map(({ headers }) => headers.get("authorization")),
    ["Bearer the-real-key", null, null],
  );
  await test.close();
  await api.close();
});

Deno.test("another protocol to a routed host is a tunnel: SSH is not HTTP", async () => {
  const server = startRawUpstream(null, async (connection) => {
    await connection.write(`you said ${await connection.readUntil("\r\n")}`);
    await connection.readAll();
  });
  const test = await startTestProxy({ servers: { "api.acme.test:22": server.port } });

  const { raw } = await test.connect("api.acme.test:22");
  await raw.write("SSH-2.0-OpenSSH_9.2\r\n");

  assert.equal(await raw.readUntil("\r\n"), "you said SSH-2.0-OpenSSH_9.2\r\n");
  await test.close();
  await server.close();
});

Deno.test("a client that offers HTTP/1.0 alone is given it, with the credential", async () => {
  const api = startTlsUpstream(["api.acme.test"]);
  const test = await startTestProxy({
    servers: { "api.acme.test": api.port },
    authorities: [api.authorityPem],
  });

  const client = await test.tunnel("api.acme.test", { protocols: ["http/1.0"] });
  await client.write("GET / HTTP/1.0\r\nHost: api.acme.test\r\n\r\n");

  assert.match((await client.readAnswer()).head, /^HTTP\/1\.0 200 /);
  assert.equal(api.requests[0]!.headers.get("authorization"), "Bearer the-real-key");
  await test.close();
  await api.close();
});

Deno.test("TLS for another protocol to a routed host is a tunnel", async () => {
  const { makeTestCertificate } = await import("../support/tls_upstream.ts");
  const certificate = makeTestCertificate(["api.acme.test"]);
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate.certificatePem,
    key: certificate.keyPem,
    alpnProtocols: ["mqtt"],
  });
  const accepting = (async () => {
    const conn = await listener.accept();
    await conn.write(new TextEncoder().encode("mqtt here"));
    conn.close();
  })();
  const test = await startTestProxy({
    servers: { "api.acme.test": (listener.addr as Deno.NetAddr).port },
  });

  const client = await test.tunnel("api.acme.test", {
    authorities: [certificate.authorityPem],
    protocols: ["mqtt"],
  });

  assert.equal(await client.readBytes(9), "mqtt here");
  await accepting;
  listener.close();
  await test.close();
});
