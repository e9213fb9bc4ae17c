/**
 * Tunnels and WebSockets of which one side does not read: that the other one leaves is noticed all the
 * same, and nobody is taken for gone who is not.
 */
import assert from "node:assert/strict";
import net from "node:net";
import type { Duplex } from "../../proxy/duplex.ts";
import { CAN_RECOGNISE_PEERS } from "../../proxy/peer_process.ts";
import { SenderWatch } from "../../proxy/sender_watch.ts";
import { type PeerAddress, SocketTable } from "../../proxy/socket_table.ts";
import { tunnel } from "../../proxy/tunnel.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { signal } from "../support/scripted_run.ts";
import { until } from "../support/until.ts";

const LOOK_MS = 20;
const OTHER = "other.test";
const ROUTED = "api.acme.test";
/** More than all buffers on the way together. */
const FLOOD_BYTES = 64 * 1024 * 1024;
const PIECE = new Uint8Array(1024 * 1024).fill(120);
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** What two ends are joined by. */
const WAYS = {
  "a tunnel": {
    host: null,
    place: `${OTHER}:9`,
    open: async (test: TestProxy) => (await test.connect(`${OTHER}:9`)).raw,
    accept: (_: RawConnection) => Promise.resolve(),
  },
  "a WebSocket": {
    host: null,
    place: `${OTHER}:80`,
    open: async (test: TestProxy) => {
      const client = await test.dial();
      const head = `GET http://${OTHER}/ HTTP/1.1\r\nHost: ${OTHER}\r\n${test.authorization}`;
      await client.write(head + UPGRADE);
      await client.readHead();
      return client;
    },
    accept: switchProtocols,
  },
  "a WebSocket over TLS": {
    host: ROUTED,
    place: ROUTED,
    open: async (test: TestProxy) => {
      const client = await test.tunnel(ROUTED);
      await client.write(`GET / HTTP/1.1\r\nHost: ${ROUTED}\r\n${UPGRADE}`);
      await client.readHead();
      return client;
    },
    accept: switchProtocols,
  },
} as const;

/** A TLS connection of Deno's is not closed as long as anything that was written is not taken. */
const CAN_LEAVE = ["a tunnel", "a WebSocket"] as const;

async function switchProtocols(server: RawConnection): Promise<void> {
  await server.readHead();
  await server.write(SWITCHED);
}

/** A server's place, from which all of its connections can be reset. */
interface Relay {
  readonly port: number;
  reset(): void;
  close(): Promise<void>;
}

async function startRelay(serverPort: number): Promise<Relay> {
  const sockets: net.Socket[] = [];
  const door = net.createServer((socket) => {
    const server = net.connect(serverPort, "127.0.0.1");
    for (const one of [socket, server]) one.on("error", () => {});
    socket.pipe(server).pipe(socket);
    sockets.push(socket, server);
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const reset = () => sockets.splice(0).forEach((socket) => socket.resetAndDestroy());
  return {
    port: (door.address() as net.AddressInfo).port,
    reset,
    close: () => {
      reset();
      return new Promise((resolve) => void door.close(() => resolve()));
    },
  };
}

interface Stage {
  readonly relay: Relay;
  open(): Promise<RawConnection>;
}

/** `script` plays the server behind the handshake; its connection lasts until `end`. */
async function onStage(
  way: keyof typeof WAYS,
  script: (server: RawConnection, index: number, end: Promise<void>) => Promise<unknown>,
  body: (stage: Stage) => Promise<void>,
  isRelayed = false,
): Promise<void> {
  const { host, place, open, accept } = WAYS[way];
  const end = signal();
  const server = startRawUpstream(host, async (connection, index) => {
    await accept(connection);
    await script(connection, index, end.promise);
  });
  const relay = await startRelay(server.port);
  const test = await startTestProxy({
    servers: { [place]: isRelayed ? relay.port : server.port },
    authorities: server.authorityPem === "" ? [] : [server.authorityPem],
    timing: { senderLookMs: LOOK_MS },
  });
  try {
    await body({ relay, open: () => open(test) });
  } finally {
    end.resolve();
    await relay.close();
    await test.close();
    await server.close();
  }
}

/** Writes until nobody takes more, or the connection ends. */
function flood(connection: RawConnection): Promise<void> {
  const sending = (async () => {
    for (let sent = 0; sent < FLOOD_BYTES; sent += PIECE.length) await connection.write(PIECE);
  })();
  return sending.catch(() => {});
}

function portsOf({ conn }: RawConnection): PeerAddress {
  const { localAddr, remoteAddr } = conn as Deno.TcpConn;
  return { localPort: localAddr.port, remotePort: remoteAddr.port };
}

/** Until the proxy has closed its end of a connection, whose other end is not read. */
function closedByProxy(ports: PeerAddress): Promise<void> {
  return until(async () => (await SocketTable.read()).hasLeft(ports));
}

/** How long a few looks take: until the watch has noticed somebody else, who stood still later. */
async function looksPass(stage: Stage, servers: RawConnection[], left: Promise<unknown>[]) {
  const client = await stage.open();
  await until(() => servers.length === 2);
  left.push(flood(client));
  await until(async () => await unsentTo(client) > 0);
  client.close();
  await closedByProxy(portsOf(servers[1]!));
}

/** Bytes that the proxy does not take from `client`. */
async function unsentTo(client: RawConnection): Promise<number> {
  return parseInt((await SocketTable.read()).unsentOf(portsOf(client)) ?? "0", 16);
}

const options = { ignore: !CAN_RECOGNISE_PEERS };

/** How a client leaves, and what it has not read by then. */
const LEAVES = {
  closes: "",
  // TCP answers unread bytes with a reset.
  resets: "unread",
};

for (const way of CAN_LEAVE) {
  for (const [leaves, unread] of Object.entries(LEAVES)) {
    Deno.test(
      `${way}: a client that ${leaves} while the server does not read is noticed`,
      options,
      async () => {
        const accepted = signal<RawConnection>();
        await onStage(way, async (server, _, end) => {
          if (unread !== "") await server.write(unread);
          accepted.resolve(server);
          await end;
        }, async ({ open }) => {
          const client = await open();
          const server = await accepted.promise;
          const sending = flood(client);
          await until(async () => await unsentTo(client) > 0);
          const ports = portsOf(client);

          client.close();

          await closedByProxy(ports);
          await closedByProxy(portsOf(server));
          await sending;
        });
      },
    );
  }
}

for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
  Deno.test(
    `${way}: a client that closes behind its last word is noticed while the server says nothing`,
    options,
    async () => {
      const accepted = signal<RawConnection>();
      await onStage(way, async (server, _, end) => {
        assert.equal(await server.readBytes(4), "last");
        accepted.resolve(server);
        await end;
      }, async ({ open }) => {
        const client = await open();
        await client.write("last");
        const server = await accepted.promise;
        const ports = portsOf(client);

        client.close();

        await closedByProxy(ports);
        await closedByProxy(portsOf(server));
      });
    },
  );

  Deno.test(
    `${way}: a server that resets while the client does not read is noticed`,
    options,
    async () => {
      const servers: RawConnection[] = [];
      const sending: Promise<void>[] = [];
      await onStage(way, (server, _, end) => {
        servers.push(server);
        sending.push(flood(server));
        return end;
      }, async ({ open, relay }) => {
        const client = await open();
        await until(async () => servers.length > 0 && await unsentTo(servers[0]!) > 0);

        relay.reset();

        await closedByProxy(portsOf(client));
      }, true);
      await Promise.all(sending);
    },
  );
}

Deno.test(
  "a tunnel: a client that has ended its half and waits is not gone, however long nobody reads",
  options,
  async () => {
    const servers: RawConnection[] = [];
    const goOn = signal();
    await onStage("a tunnel", async (server, index, end) => {
      servers.push(server);
      if (index > 0) return await end;
      await goOn.promise;
      await server.write(String((await readCount(server)) === FLOOD_BYTES));
    }, async (stage) => {
      const client = await stage.open();
      await until(() => servers.length === 1);
      const sent = flood(client).then(() => (client.conn as Deno.TcpConn).closeWrite());
      const left: Promise<unknown>[] = [];
      await until(async () => await unsentTo(client) > 0);

      await looksPass(stage, servers, left);
      goOn.resolve();

      assert.equal(await client.readAll(), "true");
      await Promise.all([sent, ...left]);
    });
  },
);

Deno.test(
  "a tunnel: all that a server has said before it ended is the client's, who had ended its half",
  options,
  async () => {
    const servers: RawConnection[] = [];
    // More than lies with the client's system: the rest waits at the proxy, whose server has ended.
    const said = 12 * PIECE.length;
    await onStage("a tunnel", async (server, index, end) => {
      servers.push(server);
      if (index > 0) return await end;
      assert.equal(await server.readAll(), "question");
      for (let sent = 0; sent < said; sent += PIECE.length) await server.write(PIECE);
    }, async (stage) => {
      const client = await stage.open();
      await client.write("question");
      await (client.conn as Deno.TcpConn).closeWrite();
      await until(() => servers.length === 1);
      const left: Promise<unknown>[] = [];

      await looksPass(stage, servers, left);

      assert.equal(await readCount(client), said);
      await Promise.all(left);
    });
  },
);

async function readCount({ conn }: RawConnection): Promise<number> {
  const buffer = new Uint8Array(PIECE.length);
  let total = 0;
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    total += count;
  }
  return total;
}

/** Where a connection comes from that the table below lacks: Linux forgets one that both have ended. */
const SERVER = { transport: "tcp", hostname: "127.0.0.1", port: 77 } as const;
const LISTENING = "0: 0100007F:0001 00000000:0000 0A";
/** Of the client at port 9 of a proxy at port 1. */
const CLIENT = " 1: 0100007F:0009 0100007F:0001 01 0:0 00:0 0 0 0 7 1";

/** One end of a tunnel that has so much to say, and takes what it hears only when it is told to. */
function slowEnd(pieces: readonly string[], end: Partial<Duplex> & Partial<Deno.Conn>) {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const told = signal();
  const state = { heard: "", isCut: false, hasEnded: false, told };
  const connection: Duplex = {
    ...end,
    read: (buffer) => {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      buffer.set(piece);
      return Promise.resolve(piece.length);
    },
    write: async (bytes) => {
      await told.promise;
      state.heard += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    closeWrite: async () => {
      await told.promise;
      state.hasEnded = true;
    },
    close: () => {
      state.isCut ||= !state.hasEnded;
      told.reject(new Error("closed"));
    },
  };
  told.promise.catch(() => {});
  return Object.assign(state, { connection });
}

const SAID: Record<string, { said: string[]; isAsking: boolean }> = {
  "behind a client that had ended its half": { said: ["the ", "answer"], isAsking: false },
  "and ended": { said: [], isAsking: true },
};
for (const [when, { said, isAsking }] of Object.entries(SAID)) {
  Deno.test(`a server that the system has forgotten has not left with what it said: ${when}`, async () => {
    let looks = 0;
    const table = () => {
      looks++;
      return Promise.resolve(new SocketTable(`${LISTENING}\n${CLIENT}`));
    };
    const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity }, table);
    const client = slowEnd([], { address: { localPort: 1, remotePort: 9 } });
    if (isAsking) client.connection.read = () => client.told.promise.then(() => null);
    const server = slowEnd(said, { localAddr: SERVER, remoteAddr: SERVER });
    server.told.resolve();
    // So that there is always something to look at.
    const other = { address: { localPort: 1, remotePort: 9 } } as Duplex;
    watch.watch({ sender: other, receiver: other, mark: 1, onLeft: assert.fail });

    const over = tunnel(client, server, watch);
    await until(() => looks >= 10);
    client.told.resolve();
    await over;

    assert.deepEqual([client.heard, client.isCut], [said.join(""), false]);
    await watch.close();
  });
}

Deno.test("who has left is noticed at the second look: within a minute", async () => {
  const RECEIVER = " 1: 0100007F:0003 0100007F:0004 01 00000007:00000000 00:0 0 0 0 7 1";
  const table = () => Promise.resolve(new SocketTable(`${LISTENING}\n${RECEIVER}`));
  const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity }, table);
  const silent = {} as Duplex;
  let looks = 0;
  let leftAt = 0;
  watch.watch({
    sender: silent,
    receiver: silent,
    get mark() {
      looks++;
      return null;
    },
    onLeft: assert.fail,
  });
  watch.watch({
    sender: { ...silent, address: { localPort: 1, remotePort: 9 } },
    receiver: { ...silent, address: { localPort: 3, remotePort: 4 } },
    mark: 1,
    onLeft: () => leftAt = looks,
  });

  await until(() => leftAt > 0);

  assert.equal(leftAt, 2);
  await watch.close();
});

Deno.test("what a client that has left sent goes on as long as the server takes any of it", async () => {
  const ours = (unsent: number) =>
    ` 1: 0100007F:1000 0100007F:2000 01 0000000${unsent}:00000000 00:0 0 0 0 7 1`;
  // The server takes something until the fifth look.
  let unsent = 5;
  let looks = 0;
  const table = () => {
    looks++;
    if (unsent > 0) unsent--;
    return Promise.resolve(new SocketTable(`${LISTENING}\n${ours(unsent)}`));
  };
  const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity }, table);
  let leftAt = 0;
  const silent = {} as Duplex;
  watch.watch({
    sender: { ...silent, address: { localPort: 1, remotePort: 9 } },
    receiver: { ...silent, address: { localPort: 0x1000, remotePort: 0x2000 } },
    mark: 1,
    onLeft: () => leftAt = looks,
  });

  // Five looks at a changed row, then one at the same, which is read again to be sure.
  await until(() => leftAt > 0);
  assert.equal(leftAt, 7);
  await watch.close();
});

Deno.test("a row that a table lacks by chance is nobody's leaving", async () => {
  let count = 0;
  const table = () => {
    return Promise.resolve(
      new SocketTable(++count % 2 === 1 ? LISTENING : LISTENING + "\n" + CLIENT),
    );
  };
  const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity }, table);
  const silent = {} as Duplex;
  let hasLeft = false;
  watch.watch({
    sender: { ...silent, address: { localPort: 1, remotePort: 9 } },
    receiver: silent,
    mark: 1,
    onLeft: () => hasLeft = true,
  });

  await until(() => count >= 20);

  assert.equal(hasLeft, false);
  await watch.close();
});

Deno.test("a look that takes long is waited for: no other one begins meanwhile", async () => {
  const silent = {} as Duplex;
  const looks = { begun: 0, told: signal<SocketTable>() };
  const table = () => {
    looks.begun++;
    return looks.told.promise;
  };
  const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity }, table);
  watch.watch({ sender: silent, receiver: silent, mark: 1, onLeft: assert.fail });
  await until(() => looks.begun > 0);

  // Another timer of as many milliseconds, many times.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 1));

  assert.equal(looks.begun, 1);
  looks.told.resolve(new SocketTable(LISTENING));
  await until(() => looks.begun > 1);
  await watch.close();
});

Deno.test("an upload that begins while the run ends starts no watch again", async () => {
  const silent = {} as Duplex;
  const watch = new SenderWatch({ senderLookMs: 1, uploadStuckMs: Infinity });
  await watch.close();

  const unwatch = watch.watch({ sender: silent, receiver: silent, mark: 1, onLeft: assert.fail });

  unwatch();
  // The sanitizer says whether a timer is left.
});
