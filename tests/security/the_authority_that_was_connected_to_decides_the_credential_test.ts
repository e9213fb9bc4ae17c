/**
 * Named invariant: the authority that was connected to decides the credential.
 *
 * The attack: the child makes the proxy choose a credential by one name and send the bytes to another
 * server, or to another virtual host of the same server. Every place where a request can name an
 * authority is tried: CONNECT, SNI, Host, absolute-form, and requests hidden in bodies.
 */
import assert from "node:assert/strict";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { startTlsUpstream, type TlsUpstream } from "../support/tls_upstream.ts";

const ROUTED = "api.acme.test";
const EVIL = "evil.test";

/** One server holds both names, as a content delivery network does. */
async function withCdn(
  body: (test: TestProxy, api: TlsUpstream) => Promise<void>,
  daemon = new FakeDaemon(),
): Promise<void> {
  const api = startTlsUpstream([ROUTED, EVIL, "www.acme.test"]);
  const test = await startTestProxy({
    daemon,
    servers: { [ROUTED]: api.port, [EVIL]: api.port, "www.acme.test": api.port },
    authorities: [api.authorityPem],
  });
  try {
    await body(test, api);
  } finally {
    await test.close();
    await api.close();
  }
}

async function answerTo(client: RawConnection, request: string): Promise<string> {
  await client.write(request);
  return (await client.readHead()).slice(9, 12);
}

/** The names under which something was refused, as the daemon's audit log gets them. */
async function logged(test: TestProxy): Promise<string[]> {
  await test.proxy.close();
  return test.daemon.reported.flatMap(({ denials }) => denials).map(({ reason }) => reason);
}

/** A request that would be right, behind one that is refused. */
const SMUGGLED_BEHIND = `GET /smuggled HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`;

const MISDIRECTED: Readonly<Record<string, string>> = {
  "Host names another host": `GET / HTTP/1.1\r\nHost: ${EVIL}\r\n\r\n`,
  "Host names another port": `GET / HTTP/1.1\r\nHost: ${ROUTED}:8443\r\n\r\n`,
  "Host names the plain port": `GET / HTTP/1.1\r\nHost: ${ROUTED}:80\r\n\r\n`,
  "Host has a trailing dot": `GET / HTTP/1.1\r\nHost: ${ROUTED}.\r\n\r\n`,
  "Host has user information": `GET / HTTP/1.1\r\nHost: ${ROUTED}@${EVIL}\r\n\r\n`,
  "Host has a comma and another host": `GET / HTTP/1.1\r\nHost: ${ROUTED}, ${EVIL}\r\n\r\n`,
  "Host is empty": "GET / HTTP/1.1\r\nHost:\r\n\r\n",
  "Host names a sibling below the route": `GET / HTTP/1.1\r\nHost: www.acme.test\r\n\r\n`,
};

for (const [name, request] of Object.entries(MISDIRECTED)) {
  Deno.test(`421 when ${name}; logged, and the connection closed`, async () => {
    await withCdn(async (test, api) => {
      const client = await test.tunnel(ROUTED);
      await client.write(request + SMUGGLED_BEHIND);
      assert.match(await client.readAll(), /^HTTP\/1\.1 421 [^]*\r\nConnection: close\r\n/);
      assert.equal(api.requests.length, 0);
      assert.equal(test.daemon.asked.length, 0);
      assert.deepEqual(await logged(test), ["MisdirectedRequestError"]);
    });
  });
}

const REFUSED: Readonly<Record<string, string>> = {
  "absolute-form with another host": `GET https://${EVIL}/ HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`,
  "absolute-form with the same host": `GET https://${ROUTED}/ HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`,
  "an authority as target": `GET ${EVIL}:443 HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`,
  "a target without a slash": `GET v1 HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`,
  "two Hosts": `GET / HTTP/1.1\r\nHost: ${ROUTED}\r\nHost: ${EVIL}\r\n\r\n`,
  "a folded Host": `GET / HTTP/1.1\r\nHost: ${ROUTED}\r\n ${EVIL}\r\n\r\n`,
  "a Host behind a bare line feed":
    `GET / HTTP/1.1\r\nX: 1\nHost: ${EVIL}\r\nHost: ${ROUTED}\r\n\r\n`,
};

for (const [name, request] of Object.entries(REFUSED)) {
  Deno.test(`400 for ${name} inside a tunnel; logged, and the connection closed`, async () => {
    await withCdn(async (test, api) => {
      const client = await test.tunnel(ROUTED);
      await client.write(request + SMUGGLED_BEHIND);
      assert.match(await client.readAll(), /^HTTP\/1\.1 400 [^]*\r\nConnection: close\r\n/);
      assert.equal(api.requests.length, 0);
      assert.match((await logged(test)).join(), /^Bad(?:Target|Header|Request)Error$/);
    });
  });
}

/** Bodies whose end the proxy and a server could see in two places, with a request for them to differ on. */
const SMUGGLED: Readonly<Record<string, string>> = {
  "Content-Length and Transfer-Encoding":
    `POST / HTTP/1.1\r\nHost: ${ROUTED}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "a Transfer-Encoding in disguise":
    `POST / HTTP/1.1\r\nHost: ${ROUTED}\r\nContent-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  "an unknown transfer coding":
    `POST / HTTP/1.1\r\nHost: ${ROUTED}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  "a chunk size only some servers read":
    `POST / HTTP/1.1\r\nHost: ${ROUTED}\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
  "a bare line feed in a chunk extension":
    `POST / HTTP/1.1\r\nHost: ${ROUTED}\r\nTransfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n`,
};

for (const [name, request] of Object.entries(SMUGGLED)) {
  Deno.test(`smuggling by ${name} is refused and the connection closed`, async () => {
    await withCdn(async (test, api) => {
      const client = await test.tunnel(ROUTED);
      await client.write(request + `GET /smuggled HTTP/1.1\r\nHost: ${EVIL}\r\n\r\n`);
      assert.match(await client.readAll(), /^HTTP\/1\.1 (?:400|501) /);
      assert.ok(!api.requests.some(({ target }) => target === "/smuggled"));
    });
  });
}

Deno.test("421 when the server name of the handshake is another than CONNECT's", async () => {
  // A client that verifies would not even get so far: the certificate is for CONNECT's host.
  const daemon = new FakeDaemon([makeRoute(), makeRoute({ host: "www.acme.test", rule: 1 })]);
  await withCdn(async (test, api) => {
    const { default: tls } = await import("node:tls");
    const { raw } = await test.connect(`${ROUTED}:443`);
    raw.close();
    const { default: net } = await import("node:net");
    const socket = net.connect(test.proxy.port, "127.0.0.1");
    socket.write(`CONNECT ${ROUTED}:443 HTTP/1.1\r\n${test.authorization}\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    const secured = tls.connect({
      socket,
      servername: "www.acme.test",
      rejectUnauthorized: false,
    });
    secured.write(`GET / HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) =>
      secured.once("data", (data: Uint8Array) => resolve(new TextDecoder().decode(data)))
    );
    const closed = new Promise((resolve) => socket.once("close", resolve));
    secured.destroy();
    socket.destroy();
    await closed;
    assert.match(answer, /^HTTP\/1\.1 421 /);
    assert.equal(api.requests.length, 0);
  }, daemon);
});

const BAD_CONNECTS: readonly string[] = [
  `${ROUTED}`,
  `${ROUTED}:0`,
  `${ROUTED}:65536`,
  `${ROUTED}:443:443`,
  `${ROUTED}.:443`,
  `user@${ROUTED}:443`,
  `${ROUTED}\x00.${EVIL}:443`,
  `${ROUTED}%2e${EVIL}:443`,
  `https://${ROUTED}:443`,
  `${ROUTED}:443/`,
  "0x7f000001:443",
  "127.1:443",
  "2130706433:443",
  "017700000001:443",
  "::1:443",
  "[::1:443",
  "[::1]",
  `b\xfccher.test:443`,
  `${"a".repeat(64)}.test:443`,
];

for (const authority of BAD_CONNECTS) {
  Deno.test(`400 for CONNECT ${JSON.stringify(authority)}`, async () => {
    await withCdn(async (test, api) => {
      const raw = await test.dial();
      await raw.write(`CONNECT ${authority} HTTP/1.1\r\n${test.authorization}\r\n`);
      assert.match(await raw.readHead(), /^HTTP\/1\.1 400 /);
      assert.equal(api.requests.length, 0);
    });
  });
}

Deno.test("upper case in CONNECT, SNI and Host is the same host", async () => {
  await withCdn(async (test, api) => {
    const { head, raw } = await test.connect("API.Acme.TEST:443");
    assert.match(head, /^HTTP\/1\.1 200 /);
    raw.close();
    const client = await test.tunnel(ROUTED);
    assert.equal(await answerTo(client, "GET / HTTP/1.1\r\nHost: API.ACME.TEST\r\n\r\n"), "200");
    assert.equal(api.requests[0]!.headers.get("authorization"), "Bearer the-real-key");
  });
});

Deno.test("look-alike hosts are never decrypted and never get the credential", async () => {
  for (const host of [`${ROUTED}.evil.test`, "evilapi.acme.test", "api-acme.test", "acme.test"]) {
    const api = startTlsUpstream([host as `${string}`]);
    const test = await startTestProxy({ servers: { [host]: api.port } });

    const client = await test.tunnel(host, { authorities: [api.authorityPem] });
    await answerTo(client, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

    assert.equal(api.requests[0]!.headers.get("authorization"), null);
    assert.equal(test.daemon.asked.length, 0);
    await test.close();
    await api.close();
  }
});

Deno.test("a server that cannot prove to be the routed host gets nothing", async () => {
  // DNS poisoned, or --connect-to at another server: its certificate is for another name.
  const impostor = startTlsUpstream([EVIL]);
  const test = await startTestProxy({
    servers: { [ROUTED]: impostor.port },
    authorities: [impostor.authorityPem],
  });

  const client = await test.tunnel(ROUTED);

  assert.equal(await answerTo(client, `GET / HTTP/1.1\r\nHost: ${ROUTED}\r\n\r\n`), "502");
  assert.equal(impostor.requests.length, 0);
  await test.close();
  await impostor.close();
});

Deno.test("one host's cached credential is never another host's, of the same provider either", async () => {
  const daemon = new FakeDaemon([makeRoute(), makeRoute({ host: "www.acme.test", rule: 1 })]);
  const { bearer, makeCredential } = await import("../support/fake_daemon.ts");
  daemon.resolve = (request) => makeCredential(request, [bearer(`for-${request.host}`)]);
  await withCdn(async (test, api) => {
    for (const host of [ROUTED, "www.acme.test", ROUTED]) {
      const client = await test.tunnel(host);
      await answerTo(client, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    }
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      [`Bearer for-${ROUTED}`, "Bearer for-www.acme.test", `Bearer for-${ROUTED}`],
    );
  }, daemon);
});
