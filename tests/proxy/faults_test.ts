/** Servers, networks and machines that fail: an answer that a person and a program understand. */
import assert from "node:assert/strict";
import net from "node:net";
import { unreachable } from "../../proxy/fail_closed.ts";
import { FakeDaemon } from "../support/fake_daemon.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { type ServerCertificate, startRawUpstream } from "../support/raw_upstream.ts";
import { HOST, signal, withScript } from "../support/scripted_run.ts";
import { createTestCertificate } from "../support/test_certificate.ts";

const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const HOUR = 3_600_000;

interface Told {
  readonly error: string;
  readonly message: string;
  readonly hint?: string;
}

/** The refusal that comes back for a GET. */
async function refusal(client: RawConnection, status: number): Promise<Told> {
  await client.write(GET);
  const { head, body } = await client.readAnswer();
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
  const told: Told = JSON.parse(body);
  assert.ok(head.includes(`X-Authsome-Error: ${told.error}\r\n`), head);
  return told;
}

function certificate(names: string[], validity = {}): ServerCertificate {
  const made = createTestCertificate(names, validity);
  return { certificatePem: made.certificate, keyPem: made.privateKey, authorityPem: made.root };
}

const CERTIFICATES: Readonly<
  Record<string, { made: () => ServerCertificate; isTrusted: boolean; told: RegExp; hint: RegExp }>
> = {
  "has expired": {
    made: () =>
      certificate([HOST], {
        notBefore: new Date(Date.now() - 2 * HOUR),
        notAfter: new Date(Date.now() - HOUR),
      }),
    isTrusted: true,
    told: /its certificate has expired/,
    hint: /renewed/,
  },
  "is not valid yet": {
    made: () =>
      certificate([HOST], {
        notBefore: new Date(Date.now() + HOUR),
        notAfter: new Date(Date.now() + 2 * HOUR),
      }),
    isTrusted: true,
    told: /its certificate is not valid yet/,
    hint: /clock/,
  },
  "is for another name": {
    made: () => certificate(["www.acme.test"]),
    isTrusted: true,
    told: /its certificate is for another name/,
    hint: /Check the host name/,
  },
  "nobody knows": {
    made: () => certificate([HOST]),
    isTrusted: false,
    told: /its certificate is from an authority that this machine does not trust/,
    hint: /SSL_CERT_FILE/,
  },
};

for (const [name, { made, isTrusted, told, hint }] of Object.entries(CERTIFICATES)) {
  Deno.test(`a server whose certificate ${name}: 502 ServerCertificateError, no byte of the request is sent`, async () => {
    const asked: string[] = [];
    const server = startRawUpstream(made(), async (connection) => {
      asked.push(await connection.readHead());
    });
    const test = await startTestProxy({
      servers: { [HOST]: server.port },
      authorities: isTrusted ? [server.authorityPem] : [],
    });
    const answer = await refusal(await test.tunnel(HOST), 502);
    assert.equal(answer.error, "ServerCertificateError");
    assert.match(answer.message, told);
    assert.match(answer.hint!, hint);
    await test.close();
    await server.close();
    assert.deepEqual(asked, []);
  });
}

Deno.test("a server that closes before TLS: 502 EndpointUnreachableError", async () => {
  const server = startRawUpstream(null, () => Promise.resolve());
  const test = await startTestProxy({ servers: { [HOST]: server.port } });
  const { error, message } = await refusal(await test.tunnel(HOST), 502);
  assert.equal(error, "EndpointUnreachableError");
  assert.match(message, new RegExp(`^Cannot reach ${HOST}:443: `));
  await test.close();
  await server.close();
});

Deno.test("a server that speaks no TLS: 502 EndpointUnreachableError", async () => {
  const server = startRawUpstream(null, (connection) => connection.write("220 mail ready\r\n"));
  const test = await startTestProxy({ servers: { [HOST]: server.port } });
  assert.equal((await refusal(await test.tunnel(HOST), 502)).error, "EndpointUnreachableError");
  await test.close();
  await server.close();
});

/** A server of plain TCP that resets its connections: with RST, not FIN. */
async function startResetting(): Promise<{ port: number; close(): Promise<void> }> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

Deno.test("a server that resets the handshake: 502; a tunnel to it ends", async () => {
  const server = await startResetting();
  const test = await startTestProxy({
    servers: { [HOST]: server.port, "other.test:443": server.port },
  });
  assert.equal((await refusal(await test.tunnel(HOST), 502)).error, "EndpointUnreachableError");
  const { raw } = await test.connect("other.test:443");
  await raw.write("hello");
  assert.equal(await raw.readAll().catch(() => ""), "");
  await test.close();
  await server.close();
});

Deno.test("a server that resets a plain http request: 502", async () => {
  const server = await startResetting();
  const test = await startTestProxy({ servers: { "plain.test:80": server.port } });
  const raw = await test.dial();
  await raw.write(
    `GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
  );
  const { head, body } = await raw.readAnswer();
  assert.match(head, /^HTTP\/1\.1 502 /);
  assert.equal(JSON.parse(body).error, "EndpointUnreachableError");
  await test.close();
  await server.close();
});

Deno.test("a server that stalls holds its own caller only, and is let go when the caller leaves", async () => {
  const [asked, left] = [signal(), signal()];
  let requests = 0;
  await withScript(async (connection) => {
    await connection.readHead();
    if (requests++ > 0) {
      return await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    asked.resolve();
    await connection.readAll().catch(() => {});
    left.resolve();
  }, async ({ client, test }) => {
    await client.write(GET);
    await asked.promise;
    const other = await test.tunnel(HOST);
    await other.write(GET);
    assert.equal((await other.readAnswer()).body, "ok");
    client.close();
    await left.promise;
  });
});

Deno.test("a server that says less than it sends: the rest is nobody's answer", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok-and-more");
    await connection.readAll();
  }, async ({ client, server }) => {
    for (let i = 0; i < 2; i++) {
      await client.write(GET);
      assert.equal((await client.readAnswer()).body, "ok");
    }
    assert.equal(server.accepted(), 2, "that connection is not used again");
  });
});

Deno.test("a server that breaks its chunks off: the client sees that it is not the end", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  }, async ({ client }) => {
    await client.write(GET);
    await client.readHead();
    await assert.rejects(client.readAll());
  });
});

Deno.test("a name that does not exist: 502 NameNotResolvedError, at once, for tunnels and plain http", async () => {
  const test = await startTestProxy();
  const { head, raw } = await test.connect("api.acme.invalid:443");
  assert.match(head, /^HTTP\/1\.1 502 /);
  const told = JSON.parse(await raw.readAll());
  assert.equal(told.error, "NameNotResolvedError");
  assert.match(told.message, /api\.acme\.invalid: its name was not resolved/);
  const plain = await test.dial();
  await plain.write(
    `GET http://api.acme.invalid/ HTTP/1.1\r\nHost: api.acme.invalid\r\n${test.authorization}\r\n`,
  );
  assert.equal(JSON.parse((await plain.readAnswer()).body).error, "NameNotResolvedError");
  await test.close();
});

Deno.test("the daemon is not asked again because a server failed", async () => {
  const daemon = new FakeDaemon();
  await withScript(() => Promise.resolve(), async ({ client, test }) => {
    await refusal(client, 502);
    assert.equal(test.daemon.asked.length, 1);
  }, { daemon });
});

Deno.test("no file left for a connection to a server: 503 TooManyConnectionsError with what raises the limit", () => {
  // As Deno.connect throws it.
  const cause = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  const refusal = unreachable(`${HOST}:443`, cause);
  assert.deepEqual([refusal.status, refusal.error], [503, "TooManyConnectionsError"]);
  assert.match(refusal.message, /as many files and connections open as it may/);
  assert.match(refusal.hint!, /ulimit -n/);
});
