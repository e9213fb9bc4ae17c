/**
 * The attack: a tool on this machine, or in its network, is a provider whose key goes over plain http
 * (`register --allow-private`). The child listens on another port of the same host and asks for that
 * one: no certificate says whose port it is, and the key would be the child's to read.
 */
import assert from "node:assert/strict";
import type { ProxyRoute } from "../../core/api.ts";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";
import { freePort } from "../support/free_port.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

const HOST = "localhost";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** How a program asks over plain http. */
const WAYS: Record<string, (test: TestProxy, port: number) => Promise<RawConnection>> = {
  "in absolute-form": async (test, port) => {
    const client = await test.dial();
    const authority = `${HOST}:${port}`;
    await client.write(
      `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n${test.authorization}\r\n`,
    );
    return client;
  },
  "in clear text behind CONNECT": async (test, port) => {
    const { raw } = await test.connect(`${HOST}:${port}`);
    await raw.write(`GET / HTTP/1.1\r\nHost: ${HOST}:${port}\r\n\r\n`);
    return raw;
  },
};

interface Thief {
  readonly port: number;
  /** Every head that arrived. */
  readonly heads: readonly string[];
  close(): Promise<void>;
}

function listenAsChild(): Thief {
  const heads: string[] = [];
  const server = startRawUpstream(null, async (connection) => {
    heads.push(await connection.readHead());
    await connection.write(OK);
  });
  return { port: server.port, heads, close: server.close };
}

/** What the definition says, where the child listens at `port`. */
const REFUSED: Readonly<Record<string, (port: number) => Partial<ProxyRoute>>> = {
  "a port, where the definition names none,": () => ({ port: null }),
  "another port than the definition names": () => ({ port: freePort() }),
  "the port of an https base URL": (port) => ({ port, allow_plain: false }),
};

for (const [way, ask] of Object.entries(WAYS)) {
  for (const [what, makeOverrides] of Object.entries(REFUSED)) {
    Deno.test(`over plain http ${what} gets no key: ${way}`, async () => {
      const thief = listenAsChild();
      const route = makeRoute({ host: HOST, allow_private: true, ...makeOverrides(thief.port) });
      const daemon = new FakeDaemon([route]);
      const test = await startTestProxy({ daemon });

      const client = await ask(test, thief.port);

      assert.match(await client.readHead(), /^HTTP\/1\.1 403 /);
      await test.close();
      await thief.close();
      assert.deepEqual(thief.heads, []);
      assert.equal(daemon.asked.length, 0);
    });
  }

  Deno.test(`over plain http the port that the definition names gets the key: ${way}`, async () => {
    const tool = listenAsChild();
    const daemon = new FakeDaemon([
      makeRoute({ host: HOST, port: tool.port, allow_private: true }),
    ]);
    const test = await startTestProxy({ daemon });

    const client = await ask(test, tool.port);

    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
    await test.close();
    await tool.close();
    assert.match(tool.heads.join(""), /Authorization: Bearer the-real-key/);
  });
}

Deno.test("of two tools on one host each port gets its own key", async () => {
  const tools = [listenAsChild(), listenAsChild()];
  const daemon = new FakeDaemon(
    tools.map(({ port }, n) =>
      makeRoute({ host: HOST, provider: `tool${n}`, port, allow_private: true })
    ),
  );
  const test = await startTestProxy({ daemon });

  for (const { port } of tools) {
    const client = await WAYS["in absolute-form"]!(test, port);
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /);
  }

  assert.deepEqual(daemon.asked.map(({ provider }) => provider), ["tool0", "tool1"]);
  assert.deepEqual(test.notes, []);
  await test.close();
  for (const tool of tools) await tool.close();
});

Deno.test("over TLS the server's certificate says whose port it is: a definition need not name it", async () => {
  const host = "api.acme.test";
  const api = startTlsUpstream([host]);
  const test = await startTestProxy({
    servers: { [`${host}:8443`]: api.port },
    authorities: [api.authorityPem],
  });

  const client = await test.tunnel(host, { port: 8443 });
  await client.write(`GET / HTTP/1.1\r\nHost: ${host}:8443\r\n\r\n`);
  await client.readAnswer();

  assert.equal(api.requests[0]!.headers.get("authorization"), "Bearer the-real-key");
  await test.close();
  await api.close();
});
