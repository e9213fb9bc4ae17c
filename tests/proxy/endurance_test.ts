/** Thousands of connections, and a network that goes and comes back. */
import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { openConnections } from "../support/open_connections.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { makeTestCertificate, startTlsUpstream } from "../support/tls_upstream.ts";
import { until } from "../support/until.ts";

const HOST = "api.acme.test";
const OTHER_HOST = "other.acme.test";

const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer mine\r\n\r\n`;

/** One request on a connection of its own; gives its status. */
async function getOnce(test: TestProxy): Promise<{ status: number; body: string }> {
  const client = await test.tunnel(HOST);
  await client.write(GET);
  const { head, body } = await client.readAnswer();
  client.close();
  return { status: Number(head.slice(9, 12)), body };
}

Deno.test("two thousand connections, 500 of them at once: all answered, none left", async () => {
  const api = startTlsUpstream([HOST, OTHER_HOST]);
  const test = await startTestProxy({
    servers: { [HOST]: api.port, [OTHER_HOST]: api.port },
    authorities: [api.authorityPem],
  });
  await getOnce(test);
  const openEnds = () => openConnections(test.proxy.port, api.port);
  const before = openEnds();

  const lane = async () => {
    for (let i = 0; i < 94; i++) assert.equal((await getOnce(test)).status, 200);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  const clients = await Promise.all(Array.from({ length: 500 }, () => test.tunnel(HOST)));
  await Promise.all(clients.map((client) => client.write(GET)));
  const answers = await Promise.all(clients.map((client) => client.readAnswer()));
  for (const client of clients) client.close();

  for (const { head } of answers) assert.match(head, /^HTTP\/1\.1 200 /);
  assert.equal(api.requests.length, 1 + 16 * 94 + 500);
  for (const { headers } of api.requests) {
    assert.equal(headers.get("authorization"), "Bearer the-real-key");
  }
  // Idle connections to the server are kept, up to 64, each with two ends in this process.
  await until(() => openEnds() <= before + 2 * 64);
  await test.close();
  await api.close();
});

Deno.test("the network goes and comes back: refused with the reason meanwhile, then it works", async () => {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate([HOST, OTHER_HOST]);
  const seen: (string | null)[] = [];
  const serve = (port: number) =>
    Deno.serve(
      { hostname: "127.0.0.1", port, cert: certificatePem, key: keyPem, onListen() {} },
      (request) => {
        seen.push(request.headers.get("authorization"));
        return new Response("hello");
      },
    );
  let server = serve(freePort());
  const { port } = server.addr;
  const test = await startTestProxy({
    servers: { [HOST]: port, [OTHER_HOST]: port },
    authorities: [authorityPem],
  });
  const first = await getOnce(test);

  await server.shutdown();
  const refused = await getOnce(test);
  const tunnel = await test.connect(`${OTHER_HOST}:443`);
  server = serve(port);
  const answered = await getOnce(test);
  const again = await test.connect(`${OTHER_HOST}:443`);

  assert.deepEqual([first.status, refused.status, answered.status], [200, 502, 200]);
  assert.equal(JSON.parse(refused.body).error, "EndpointUnreachableError");
  assert.match(tunnel.head, /^HTTP\/1\.1 502 /);
  assert.match(again.head, /^HTTP\/1\.1 200 /);
  assert.deepEqual(seen, ["Bearer the-real-key", "Bearer the-real-key"]);
  await test.close();
  await server.shutdown();
});
