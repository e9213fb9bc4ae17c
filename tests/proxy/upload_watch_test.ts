/**
 * An upload that a server does not take: nothing is read from its client, so that a client that leaves
 * is not seen to. It is looked for; what it held is free then.
 */
import assert from "node:assert/strict";
import net from "node:net";
import type { Duplex } from "../../proxy/duplex.ts";
import { serveExchanges } from "../../proxy/exchange.ts";
import type { Forward } from "../../proxy/forward.ts";
import { NodeDuplex } from "../../proxy/node_duplex.ts";
import { CAN_RECOGNISE_PEERS } from "../../proxy/peer_process.ts";
import { SenderWatch } from "../../proxy/sender_watch.ts";
import { SocketTable } from "../../proxy/socket_table.ts";
import { UpstreamPool } from "../../proxy/upstream_pool.ts";

const AUTHORITY = "api.acme.test:80";
const HEAD = "POST / HTTP/1.1\\r\\nHost: api.acme.test\\r\\nContent-Length: 1000000000\\r\\n\\r\\n";

/** A program that sends an upload without end, and tells on stdout when nobody takes more of it. */
const UPLOADER = `
  import net from "node:net";
  const socket = net.connect(Number(Deno.args[0]), "127.0.0.1");
  socket.on("error", () => {});
  socket.write("${HEAD}");
  const piece = new Uint8Array(1 << 20);
  let isTold = false;
  const send = () => {
    while (socket.write(piece));
    const timer = setTimeout(() => { if (!isTold) console.log("stuck"); isTold = true; }, 50);
    socket.once("drain", () => { clearTimeout(timer); send(); });
  };
  send();
  await Deno.stdin.read(new Uint8Array(1));
  socket.resetAndDestroy();
  await Deno.stdin.read(new Uint8Array(1));
`;

/** A server that takes nothing and says nothing, until it is closed. */
function deafServer(): { readonly connection: Duplex; readonly closed: Promise<void> } {
  const closed = Promise.withResolvers<void>();
  const never = closed.promise.then(() => Promise.reject(new Error("closed")));
  never.catch(() => {});
  return {
    closed: closed.promise,
    connection: {
      read: () => never,
      write: () => never,
      closeWrite: () => Promise.resolve(),
      close: () => closed.resolve(),
    },
  };
}

interface Stage {
  readonly program: Deno.ChildProcess;
  /** The program was told to wait. */
  readonly stuck: Promise<void>;
  readonly server: ReturnType<typeof deafServer>;
  readonly pool: UpstreamPool;
  readonly forward: Forward;
  readonly refusals: string[];
}

async function onStage(
  timing: { readonly senderLookMs: number; readonly uploadStuckMs: number },
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const server = deafServer();
  const pool = new UpstreamPool({ open: 1, waiting: 1, waitMs: 60_000 });
  const senders = new SenderWatch(timing);
  const refusals: string[] = [];
  const headers = { method: "POST", target: "/", lines: [], names: [] };
  const forward: Forward = {
    key: "a",
    authority: AUTHORITY,
    head: { startLine: "POST / HTTP/1.1", headers },
    connect: () => Promise.resolve(server.connection),
  };
  const served = Promise.withResolvers<void>();
  const door = net.createServer({ allowHalfOpen: true }, (socket) => {
    const options = { pool, senders, decide: () => forward, onFault: () => {} };
    const onRefusal = ({ message }: Error) => void refusals.push(message);
    serveExchanges(new NodeDuplex(socket), { ...options, onRefusal }).then(served.resolve);
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const { port } = door.address() as net.AddressInfo;
  const program = new Deno.Command(Deno.execPath(), {
    args: ["eval", UPLOADER, String(port)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = program.stdout.getReader();
  const stuck = reader.read().then(({ done }) => assert.ok(!done));
  try {
    await body({ program, stuck, server, pool, forward, refusals });
    await served.promise;
  } finally {
    try {
      program.kill("SIGKILL");
    } catch { /* it has ended */ }
    await reader.cancel();
    await program.stdin.close().catch(() => {});
    await program.status;
    await senders.close();
    pool.close();
    await new Promise<void>((resolve) => void door.close(() => resolve()));
  }
}

const LEAVING = {
  "its process is killed": (program: Deno.ChildProcess) => program.kill("SIGKILL"),
  "it resets its connection": async (program: Deno.ChildProcess) => {
    const writer = program.stdin.getWriter();
    await writer.write(Uint8Array.of(1));
    writer.releaseLock();
  },
};

for (const [how, leave] of Object.entries(LEAVING)) {
  const name = `a client that leaves while nobody takes its upload is noticed: ${how}`;
  Deno.test(name, { ignore: !CAN_RECOGNISE_PEERS }, async () => {
    await onStage({ senderLookMs: 20, uploadStuckMs: 600_000 }, async (stage) => {
      const { program, stuck, server, pool, forward } = stage;
      await stuck;
      const next = pool.open(forward, { mustBeNew: true });
      await leave(program);
      await server.closed;
      // Its place is free.
      (await next).upstream.close();
    });
  });
}

Deno.test("an upload whose client stays, and that nobody takes, ends with a reason", async () => {
  await onStage({ senderLookMs: 20, uploadStuckMs: 100 }, async ({ program, server, refusals }) => {
    await server.closed;
    program.kill("SIGKILL");
    await program.status;
    assert.deepEqual(refusals, [
      `Cannot send the request to ${AUTHORITY}: the server took nothing of its body for too long`,
    ]);
  });
});

Deno.test("a table of sockets says that a client has left, or nothing", () => {
  const peer = { localPort: 0x1000, remotePort: 0x2000 };
  const listening = " 0: 0100007F:1000 00000000:0000 0A 0:0 00:0 0 0 0 100 1";
  const row = (state: string, inode: number) =>
    `${listening}\n 1: 0100007F:2000 0100007F:1000 ${state} 0:0 00:0 0 0 0 ${inode} 1`;

  assert.equal(new SocketTable(row("01", 7)).hasLeft(peer), false, "connected");
  assert.equal(new SocketTable(row("05", 7)).hasLeft(peer), false, "said its last word");
  assert.equal(new SocketTable(row("04", 0)).hasLeft(peer), true, "nobody's");
  assert.equal(new SocketTable(listening).hasLeft(peer), true, "gone");
  assert.equal(new SocketTable("").hasLeft(peer), false, "not known");
});
