import { deepEqual, equal, rejects } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";

Deno.test("requests that follow each other share one connection", async () => {
  const ports = new Set<number>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (_, { remoteAddr }) => {
      ports.add((remoteAddr as Deno.NetAddr).port);
      return Response.json({ status: "ok" });
    },
  );
  using client = new DaemonClient({
    baseUrl: `http://127.0.0.1:${server.addr.port}`,
    signer: null,
  });

  for (let i = 0; i < 5; i++) await client.health();
  equal(ports.size, 1);
  await Promise.all(Array.from({ length: 10 }, () => client.health()));

  client.close();
  await server.shutdown();
});

Deno.test("a daemon that was started anew is reached at once, past the connection to the old one", async () => {
  const serve = (port: number, version: string) =>
    Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      () => Response.json({ status: "ok", version }),
    );
  const old = serve(0, "old");
  const { port } = old.addr;
  using client = new DaemonClient({ baseUrl: `http://127.0.0.1:${port}`, signer: null });

  const first = await client.health();
  await old.shutdown();
  const young = serve(port, "young");
  const second = await client.health();
  client.close();
  await young.shutdown();

  deepEqual([first.version, second.version], ["old", "young"]);
});

Deno.test("a request that was sent on a fresh connection is not sent again", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  let connections = 0;
  const dropping = (async () => {
    for await (const conn of listener) {
      connections++;
      await conn.read(new Uint8Array(1000));
      conn.close();
    }
  })();
  using client = new DaemonClient({
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    signer: null,
  });

  await rejects(client.health(), { code: "daemon_unavailable" });

  listener.close();
  await dropping;
  equal(connections, 1);
});

Deno.test("whatever is no HTTP on that port is a daemon that cannot be used, not a crash", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.2p1\r\n"));
      conn.close();
    }
  })();
  using client = new DaemonClient({
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    signer: null,
  });

  await rejects(client.health(), { code: "daemon_unavailable" });

  listener.close();
  await serving;
});
