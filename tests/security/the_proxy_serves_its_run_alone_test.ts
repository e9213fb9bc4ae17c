/**
 * The attacks: another program of this machine finds the proxy's port and spends the owner's
 * credentials; the child uses the proxy as a way to services that trust loopback, the daemon first.
 */
import assert from "node:assert/strict";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

const basic = (pair: string) => `Proxy-Authorization: Basic ${btoa(pair)}\r\n`;

const STRANGERS: Readonly<Record<string, string>> = {
  "no secret": "",
  "an empty secret": basic("authsome:"),
  "a guess": basic(`authsome:${"A".repeat(43)}`),
  "another scheme": "Proxy-Authorization: Bearer abc\r\n",
  "no base64": "Proxy-Authorization: Basic !!!\r\n",
  "the secret in the wrong header": "Authorization: Basic eA==\r\n",
};

for (const [name, headers] of Object.entries(STRANGERS)) {
  Deno.test(`407 for a stranger with ${name}, whatever is asked for`, async () => {
    const api = startTlsUpstream(["api.acme.test"]);
    const test = await startTestProxy({ servers: { "api.acme.test": api.port } });

    const routed = await test.connect("api.acme.test:443", headers);
    const other = await test.connect("other.test:443", headers);
    const plain = await test.dial();
    await plain.write(`GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n${headers}\r\n`);

    for (const head of [routed.head, other.head, await plain.readHead()]) {
      assert.match(head, /^HTTP\/1\.1 407 /);
      assert.match(head, /\r\nProxy-Authenticate: Basic realm="authsome"\r\n/);
    }
    assert.equal(api.requests.length, 0);
    await test.close();
    await api.close();
  });
}

Deno.test("the door is on loopback alone, and every run has a secret of its own", async () => {
  const [one, two] = [await startTestProxy(), await startTestProxy()];
  const secret = (url: string) => new URL(url).password;

  assert.equal(new URL(one.proxy.url.reveal()).hostname, "127.0.0.1");
  assert.notEqual(secret(one.proxy.url.reveal()), secret(two.proxy.url.reveal()));
  assert.ok(secret(one.proxy.url.reveal()).length >= 43);
  assert.equal(String(one.proxy.url), "***REDACTED***");
  await one.close();
  await two.close();
});

/** Spellings of loopback that a resolver or a kernel takes for it. */
const LOOPBACKS = ["127.0.0.1", "127.0.0.2", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];

for (const host of LOOPBACKS) {
  Deno.test(`403 for a service on ${host}`, async () => {
    let reached = false;
    const server = startRawUpstream(null, async (connection) => {
      reached = (await connection.readAll()).length > 0;
    });
    const test = await startTestProxy();

    const { head } = await test.connect(`${host}:${server.port}`);

    // ::1 may not be served at all: then it is unreachable, which is as good.
    assert.match(head, /^HTTP\/1\.1 (?:403|502) /);
    await test.close();
    await server.close();
    assert.equal(reached, false);
  });
}

Deno.test("the daemon is never reached, even where private hosts are allowed or mapped", async () => {
  let reached = false;
  const daemonServer = startRawUpstream(null, async (connection) => {
    reached = (await connection.readAll()).length > 0;
  });
  const daemon = new FakeDaemon([makeRoute({ host: "tool.internal", allow_private: true })]);
  daemon.port = daemonServer.port;
  const test = await startTestProxy({
    daemon,
    servers: { "tool.internal:80": daemonServer.port, "other.test:9": daemonServer.port },
  });

  const direct = await test.connect(`127.0.0.1:${daemonServer.port}`);
  const mapped = await test.connect("other.test:9");
  const plain = await test.dial();
  await plain.write(
    `GET http://tool.internal/ HTTP/1.1\r\nHost: tool.internal\r\n${test.authorization}\r\n`,
  );

  for (const head of [direct.head, mapped.head, await plain.readHead()]) {
    assert.match(head, /^HTTP\/1\.1 403 /);
  }
  await test.close();
  await daemonServer.close();
  assert.equal(reached, false);
});

Deno.test("a cloud's metadata service is not reached through the proxy", async () => {
  const { checkAddress } = await import("../../proxy/address_policy.ts");
  const rules = { daemonPort: null, allowPrivate: false };
  const services = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    // Alibaba's and Azure's lie outside the link-local range.
    "100.100.100.200",
    "168.63.129.16",
    // 169.254.169.254 behind NAT64 and 6to4.
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
  ];
  for (const address of services) {
    for (const allowPrivate of [false, true]) {
      const given = { ...rules, allowPrivate };
      assert.throws(() => checkAddress(address, 80, given), { status: 403 }, address);
    }
  }
  for (const address of ["93.184.216.34", "10.0.0.1", "192.168.1.1", "2606:2800::1"]) {
    checkAddress(address, 80, rules);
  }
});

Deno.test("the run's authority signs for no address and for no host outside the definitions", async () => {
  const test = await startTestProxy();
  const { LeafCertificates } = await import("../../proxy/leaf_certificates.ts");
  const leaves = new LeafCertificates(test.proxy.authority);

  assert.ok(leaves.covers("api.acme.test"));
  for (const host of ["acme.test", "bank.example", "xapi.acme.test", "127.0.0.1"]) {
    assert.ok(!leaves.covers(host), host);
  }
  await test.close();
});
