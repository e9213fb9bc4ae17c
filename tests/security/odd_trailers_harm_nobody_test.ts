/**
 * Named invariant: fail closed.
 *
 * The attack: one program of a run writes trailers that HTTP/2 has no place for behind a chunked body.
 * On their way to a server that speaks HTTP/2 only, they must neither end the proxy, and with it every
 * other program of the run, nor change what the request says.
 */
import assert from "node:assert/strict";
import { FakeDaemon } from "../support/fake_daemon.ts";
import { startHttp2Upstream } from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startTestProxy } from "../support/proxy_bench.ts";

const HOST = "api.acme.test";

const TRAILERS: Readonly<Record<string, string>> = {
  "connection": "Connection: close",
  "transfer-encoding": "Transfer-Encoding: chunked",
  "upgrade": "Upgrade: websocket",
  "te": "TE: gzip",
  "no token": "x(y): 1",
  "a sign for a name": "=: 1",
  "twice": "X-A: 1\r\nX-A: 2",
  "twice one that may stand once": "Content-Length: 1\r\ncontent-length: 2",
  "authorization": "Authorization: Bearer other",
  "host": "Host: elsewhere.test",
  "letters beyond ASCII": "X-A: \xe9\xff",
  "its name beyond ASCII": "X-\xe9: 1",
};

for (const [name, lines] of Object.entries(TRAILERS)) {
  withNode.test(`a trailer that HTTP/2 has no place for ends one request at most: ${name}`, async () => {
    const api = await startHttp2Upstream([HOST], (stream) => {
      stream.resume();
      stream.once("end", () => {
        if (!stream.destroyed) stream.respond({ ":status": 204 }, { endStream: true });
      });
    });
    const test = await startTestProxy({
      daemon: new FakeDaemon(),
      servers: { [HOST]: api.port },
      authorities: [api.authorityPem],
    });
    const post = async (end: string) => {
      const client = await test.tunnel(HOST);
      await client.write(
        new Uint8Array([
          ...`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${end}\r\n`,
        ].map((letter) => letter.charCodeAt(0))),
      );
      const head = await client.readHead();
      client.close();
      return Number(head.split(" ")[1]);
    };

    const odd = await post(`${lines}\r\n`);
    const next = await post("");

    assert.ok([204, 400, 502].includes(odd), `${odd}`);
    assert.equal(next, 204);
    for (const headers of await api.requests()) {
      assert.equal(headers["authorization"], "Bearer the-real-key");
      assert.equal(headers[":authority"], HOST);
    }
    await test.close();
    await api.close();
  });
}
