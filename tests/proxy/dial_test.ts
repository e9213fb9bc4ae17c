/** Which of a server's addresses are dialled. */
import assert from "node:assert/strict";
import { readCorporateProxies } from "../../proxy/corporate_proxy.ts";
import { Dialer, type DialOptions, type Endpoint } from "../../proxy/dial.ts";
import { Refusal } from "../../proxy/fail_closed.ts";
import { listenOnBoth } from "../support/listen_on_both.ts";
import { standBefore } from "../support/stand_before.ts";
import { startCorporateProxy } from "../support/corporate_proxy.ts";
import { makeTestCertificate } from "../support/tls_upstream.ts";

function dialer(options: Partial<DialOptions> = {}): Dialer {
  return new Dialer({
    connectTo: [],
    corporate: readCorporateProxies(() => undefined),
    extraRoots: () => Promise.resolve([]),
    daemonPort: () => null,
    attemptDelayMs: 1,
    ...options,
  });
}

function listen(hostname: string): { port: number; accepted: Promise<void>; close(): void } {
  const listener = Deno.listen({ hostname, port: 0 });
  return {
    port: (listener.addr as Deno.NetAddr).port,
    accepted: listener.accept().then((connection) => connection.close(), () => {}),
    close: () => listener.close(),
  };
}

async function reached(addresses: string[], port: number): Promise<string> {
  const connection = await dialer({ lookup: () => Promise.resolve(addresses) })
    .connect({ host: "api.acme.test", port, allowPrivate: true });
  connection.close();
  return (connection.remoteAddr as Deno.NetAddr).hostname;
}

Deno.test("a server with two families is reached over the one that works", async () => {
  const four = listen("127.0.0.1");
  // Nobody listens on ::1 at this port; the refusal there leads on to IPv4.
  assert.equal(await reached(["::1", "127.0.0.1"], four.port), "127.0.0.1");
  await four.accepted;
  four.close();
});

Deno.test("IPv6 is spoken", async () => {
  const six = listen("::1");
  assert.equal(await reached(["::1", "127.0.0.1"], six.port), "::1");
  await six.accepted;
  six.close();
});

Deno.test("a tool on 127.0.0.1 gets what is its own, though the child listens on ::1 at its port", async () => {
  const { four, six } = listenOnBoth();

  assert.equal(await reached(["::1", "127.0.0.1"], four.addr.port), "127.0.0.1");

  four.close();
  six.close();
});

Deno.test("a tool on 127.0.0.1 that the child keeps busy is waited for: ::1 does not stand in for it", async () => {
  const { four, six } = listenOnBoth({ tcpBacklog: 1 });
  const { port } = four.addr;
  const crowd = await standBefore(port);
  const connecting = dialer({
    lookup: () => Promise.resolve(["127.0.0.1", "::1"]),
    timeoutMs: 500,
  }).connect({ host: "localhost", port, allowPrivate: true });

  await assert.rejects(connecting, (error) => error instanceof Refusal && error.status === 504);

  for (const connection of crowd) connection.close();
  four.close();
  six.close();
});

Deno.test("an address that is off limits is never dialled, whatever else the name resolves to", async () => {
  const server = listen("127.0.0.1");
  const addresses = ["169.254.169.254", "fe80::1", "fd00:ec2::254", "127.0.0.1"];
  assert.equal(await reached(addresses, server.port), "127.0.0.1");
  await server.accepted;
  server.close();
});

Deno.test("a name with forbidden addresses only is refused, and nothing is dialled", async () => {
  const server = listen("127.0.0.1");
  const connecting = dialer({ lookup: () => Promise.resolve(["127.0.0.1", "169.254.169.254"]) })
    .connect({ host: "rebind.test", port: server.port, allowPrivate: false });
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.status, 403);
    assert.match(error.message, /127\.0\.0\.1.*loopback/);
    return true;
  });
  server.close();
  await server.accepted;
});

Deno.test("a name is resolved once: what was judged is what is dialled", async () => {
  const server = listen("127.0.0.1");
  let lookups = 0;
  const connection = await dialer({
    lookup: () => Promise.resolve(lookups++ === 0 ? ["127.0.0.1"] : ["169.254.169.254"]),
  }).connect({ host: "rebind.test", port: server.port, allowPrivate: true });
  connection.close();
  assert.equal(lookups, 1);
  await server.accepted;
  server.close();
});

Deno.test("a name that does not exist: 502 NameNotResolvedError with the system's word for it", async () => {
  const connecting = dialer().connect({ host: "api.acme.invalid", port: 443, allowPrivate: false });
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.status, error.error], [502, "NameNotResolvedError"]);
    assert.match(error.message, /^Cannot reach api\.acme\.invalid: its name was not resolved/);
    assert.match(error.hint!, /Check the name/);
    return true;
  });
});

Deno.test("a resolver that hangs is given up: 504", async () => {
  const connecting = dialer({ lookup: () => new Promise(() => {}), timeoutMs: 5 })
    .connect({ host: "api.acme.test", port: 443, allowPrivate: false });
  await assert.rejects(connecting, (error) => error instanceof Refusal && error.status === 504);
});

Deno.test("a server that accepts and never shakes hands is given up: 504", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const held = listener.accept();
  // As long for the connection, which a busy machine makes at once all the same.
  const connecting = dialer({ timeoutMs: 1_000 })
    .connectTls({ host: "127.0.0.1", port, allowPrivate: true }, ["http/1.1"]);
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.status, 504);
    assert.match(error.message, /no TLS handshake/);
    return true;
  });
  (await held).close();
  listener.close();
});

Deno.test("roots that could not be read once are read again: a lack of files passes", async () => {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate(["in.test"]);
  const server = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificatePem,
    key: keyPem,
  });
  const { port } = server.addr;
  const serving = (async () => {
    for await (const connection of server) {
      await connection.handshake().catch(() => {});
      connection.close();
    }
  })();
  let readings = 0;
  const way = dialer({
    extraRoots: () =>
      readings++ === 0
        ? Promise.reject(new Error("too many open files"))
        : Promise.resolve([authorityPem]),
    lookup: () => Promise.resolve(["127.0.0.1"]),
  });
  const endpoint = { host: "in.test", port, allowPrivate: true };

  await assert.rejects(way.connectTls(endpoint, ["http/1.1"]), /too many open files/);
  for (let i = 0; i < 2; i++) (await way.connectTls(endpoint, ["http/1.1"])).close();

  assert.equal(readings, 2);
  server.close();
  await serving;
});

/** The ways out: for what is decrypted, for a tunnel, for a plain request. */
const WAYS = {
  decrypted: (dialer: Dialer, endpoint: Endpoint) => dialer.connectTls(endpoint, ["http/1.1"]),
  tunnelled: (dialer: Dialer, endpoint: Endpoint) => dialer.connect(endpoint),
  plain: (dialer: Dialer, endpoint: Endpoint) => dialer.connectPlain(endpoint),
};

for (const [how, connect] of Object.entries(WAYS)) {
  Deno.test(`NO_PROXY, ${how}: what it names is dialled directly, and anything else goes to the proxy`, async () => {
    const { certificatePem, keyPem, authorityPem } = makeTestCertificate(["in.test", "out.test"]);
    const server = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: certificatePem,
      key: keyPem,
    });
    const { port } = server.addr as Deno.NetAddr;
    const serving = (async () => {
      for await (const connection of server) {
        await connection.handshake().catch(() => {});
        connection.close();
      }
    })();
    const heads: string[] = [];
    const corporate = startCorporateProxy(heads, port);
    const place = `http://user:pass@127.0.0.1:${corporate.port}`;
    const variables: Record<string, string> = {
      HTTPS_PROXY: place,
      HTTP_PROXY: place,
      NO_PROXY: "localhost, .in.test",
    };
    const looked: string[] = [];
    const way = dialer({
      corporate: readCorporateProxies((name) => variables[name]),
      extraRoots: () => Promise.resolve([authorityPem]),
      lookup: (host) => {
        looked.push(host);
        return Promise.resolve(["127.0.0.1"]);
      },
    });

    (await connect(way, { host: "in.test", port, allowPrivate: true })).close();
    assert.deepEqual([looked, heads], [["in.test"], []]);
    (await connect(way, { host: "out.test", port, allowPrivate: true })).close();
    // A proxy resolves names itself: this machine may not be able to.
    assert.deepEqual(looked, ["in.test"]);

    const asked = `CONNECT out.test:${port} HTTP/1.1\r\nHost: out.test:${port}\r\n`;
    const password = `Proxy-Authorization: Basic ${btoa("user:pass")}\r\n\r\n`;
    assert.deepEqual(heads, how === "plain" ? [] : [asked + password]);
    server.close();
    await corporate.close();
    await serving;
  });
}
