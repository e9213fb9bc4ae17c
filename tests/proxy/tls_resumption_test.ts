/**
 * What the runtime cannot do, so that the day it can is noticed (ADR 12): TLS sessions to servers are
 * not resumed. The control shows that the server would.
 */
import assert from "node:assert/strict";
import type net from "node:net";
import tls from "node:tls";
import { createTestCertificate } from "../support/test_certificate.ts";

/** A server that writes down for each connection whether its session was resumed. */
async function startServer(): Promise<
  { port: number; root: string; reused: boolean[]; close(): Promise<void> }
> {
  const { root, certificate, privateKey } = createTestCertificate();
  const reused: boolean[] = [];
  const server = tls.createServer({ cert: certificate, key: privateKey }, (socket) => {
    reused.push(socket.isSessionReused());
    socket.on("error", () => {});
    socket.once(
      "data",
      () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    root,
    reused,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

Deno.test("Deno.startTls, the engine's way, makes a full handshake each time; fetch resumes at the same server", async () => {
  const server = await startServer();
  for (let i = 0; i < 3; i++) {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const connection = await Deno.startTls(tcp, { hostname: "localhost", caCerts: [server.root] });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const piece = new Uint8Array(1024);
    while (await connection.read(piece).catch(() => null) !== null);
    connection.close();
  }
  assert.deepEqual(server.reused, [false, false, false]);

  const client = Deno.createHttpClient({ caCerts: [server.root] });
  for (let i = 0; i < 3; i++) {
    await (await fetch(`https://localhost:${server.port}/`, { client })).text();
  }
  client.close();
  assert.deepEqual(server.reused.slice(3), [false, true, true]);
  await server.close();
});
