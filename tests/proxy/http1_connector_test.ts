/** Which version a server is spoken to in, on behalf of clients that speak HTTP/1.1. */
import assert from "node:assert/strict";
import type { Dialer } from "../../proxy/dial.ts";
import { Http1Bridge } from "../../proxy/http2/http1_bridge.ts";
import { Http1Connector } from "../../proxy/http1_connector.ts";

const ENDPOINT = { host: "api.acme.test", port: 443, allowPrivate: false };

/** A server of the tests: what it chooses for what is offered; an error refuses the handshake. */
function server(choose: (offered: readonly string[]) => string | null) {
  const offers: string[] = [];
  let open = 0;
  const negotiate = (_: unknown, offered: readonly string[]) => {
    offers.push(offered.join(" "));
    const protocol = choose(offered);
    open++;
    const connection = {
      close: () => open--,
      read: () => Promise.resolve(null),
      write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
      closeWrite: () => Promise.resolve(),
    };
    return Promise.resolve({ connection, protocol });
  };
  const dialer = {
    negotiate: async (endpoint: unknown, offered: readonly string[]) =>
      await negotiate(endpoint, offered),
    connectTls: async (endpoint: unknown, offered: readonly string[]) =>
      (await negotiate(endpoint, offered)).connection,
  };
  return {
    connector: new Http1Connector(dialer as unknown as Dialer),
    offers,
    open: () => open,
  };
}

function refuse(): never {
  throw new Error("received fatal alert: NoApplicationProtocol");
}

Deno.test("a server with both versions is offered HTTP/1.1 alone", async () => {
  const { connector, offers } = server((offered) => offered.includes("h2") ? "h2" : "http/1.1");
  assert.ok(!(await connector.connect(ENDPOINT) instanceof Http1Bridge));
  await connector.connect(ENDPOINT);
  assert.deepEqual(offers, ["http/1.1", "http/1.1"]);
});

Deno.test("a server that refuses HTTP/1.1 is spoken to in HTTP/2, and remembered", async () => {
  const { connector, offers } = server((offered) => offered.includes("h2") ? "h2" : refuse());
  for (let i = 0; i < 2; i++) {
    const connection = await connector.connect(ENDPOINT);
    assert.ok(connection instanceof Http1Bridge);
    connection.close();
  }
  assert.deepEqual(offers, ["http/1.1", "h2", "h2 http/1.1"]);
});

Deno.test("a server that chooses nothing, and HTTP/2 when it is offered: it speaks HTTP/2", async () => {
  const { connector, offers } = server((offered) => offered.includes("h2") ? "h2" : null);
  const connection = await connector.connect(ENDPOINT);
  assert.ok(connection instanceof Http1Bridge);
  connection.close();
  assert.deepEqual(offers, ["http/1.1", "h2"]);
});

Deno.test("a server without ALPN speaks HTTP/1.1; it is asked about HTTP/2 once", async () => {
  const { connector, offers, open } = server(() => null);
  for (let i = 0; i < 3; i++) await connector.connect(ENDPOINT);
  assert.deepEqual(offers, ["http/1.1", "h2", "http/1.1", "http/1.1"]);
  assert.equal(open(), 3, "the one that was only asked is closed");
});

Deno.test("a server that has learnt HTTP/1.1 meanwhile is spoken to in it", async () => {
  let isNew = false;
  const { connector, offers } = server((offered) =>
    isNew ? "http/1.1" : offered.includes("h2") ? "h2" : refuse()
  );
  (await connector.connect(ENDPOINT)).close();
  isNew = true;
  assert.ok(!(await connector.connect(ENDPOINT) instanceof Http1Bridge));
  await connector.connect(ENDPOINT);
  assert.deepEqual(offers, ["http/1.1", "h2", "h2 http/1.1", "http/1.1"]);
});

Deno.test("any other failure of a handshake is told, and not tried again in HTTP/2", async () => {
  const { connector, offers } = server(() => {
    throw new Error("invalid peer certificate: UnknownIssuer");
  });
  await assert.rejects(connector.connect(ENDPOINT), /UnknownIssuer/);
  assert.deepEqual(offers, ["http/1.1"]);
});
