/** The relay's way to a corporate proxy on this machine. */
import assert from "node:assert/strict";
import { parseCorporateProxy } from "../../../core/corporate_proxy.ts";
import { closeQuietly, dial } from "../../../daemon/relay/dial.ts";
import { listenOnBoth } from "../../support/listen_on_both.ts";

/** Dials through `localhost:port` and lets `listener` take it: the head that came. */
async function headAt(listener: Deno.TcpListener): Promise<string> {
  const dialling = dial({ host: "provider.test", port: 443 }, false, {
    proxy: parseCorporateProxy(`http://me:hunter2@localhost:${listener.addr.port}`),
    noProxy: [],
    resolve: () => Promise.reject(new Error("the proxy resolves names")),
    timeoutMs: 10_000,
  });
  using conn = await listener.accept();
  const bytes = new Uint8Array(1024);
  const head = new TextDecoder().decode(bytes.subarray(0, await conn.read(bytes) ?? 0));
  await conn.write(new TextEncoder().encode("HTTP/1.1 200 Fine\r\n\r\n"));
  const dialled = await dialling;
  assert.ok(typeof dialled !== "string");
  closeQuietly(dialled.conn);
  return head;
}

Deno.test("a corporate proxy on localhost is the one at 127.0.0.1, whoever listens on ::1 at its port", async () => {
  const { four, six } = listenOnBoth();
  using _proxy = four;
  using _other = six;

  assert.match(await headAt(four), /^CONNECT provider\.test:443 .*Proxy-Authorization: Basic /s);
});

Deno.test("a corporate proxy on localhost may listen on ::1 alone", async () => {
  const { four, six: proxy } = listenOnBoth();
  using _proxy = proxy;
  four.close();

  assert.match(await headAt(proxy), /^CONNECT provider\.test:443 /);
});
