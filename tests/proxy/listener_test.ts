/** The front door of a run, where the system lets nobody in for a while. */
import assert from "node:assert/strict";
import net from "node:net";
import { DoorWatch } from "../../proxy/door_watch.ts";
import { freePort } from "../support/free_port.ts";
import { standBefore } from "../support/stand_before.ts";
import { startWithFewFiles } from "../support/few_files.ts";
import { until } from "../support/until.ts";

const PROGRAM = new URL("../support/door_program.ts", import.meta.url);
/** More than a bare process has open, by some connections. */
const FILES = 64;

/** The door's echo on a connection of its own; false when there is none within a second. */
async function isLetIn(port: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
  if (connection === null) return false;
  const timer = setTimeout(() => connection.close(), 1_000);
  try {
    await connection.write(Uint8Array.of(1));
    return await connection.read(new Uint8Array(1)) === 1;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    try {
      connection.close();
    } catch { /* closed by the timer */ }
  }
}

const openFiles = (pid: number) => [...Deno.readDirSync(`/proc/${pid}/fd`)].length;

Deno.test("a door that ran out of files lets in again when there are some", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const door = startWithFewFiles(PROGRAM, FILES);
  const lines = door.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await lines.read()).value);
  const connections: Deno.Conn[] = [];
  try {
    await until(() => isLetIn(port));
    for (let i = 0; i < 2 * FILES; i++) {
      connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    }
    await until(() => openFiles(door.pid) >= FILES - 1);
    for (const connection of connections.splice(0)) connection.close();

    await until(() => isLetIn(port));
  } finally {
    for (const connection of connections) connection.close();
    door.kill();
    await door.status;
    await lines.cancel();
  }
});

Deno.test("the watch's own knocks are nobody's business, and a door that lets in stays as it is", async () => {
  const [came, welcomed]: [net.Socket[], net.Socket[]] = [[], []];
  const server = net.createServer((socket) => {
    came.push(socket);
    watch.accepted(socket, () => welcomed.push(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  let reopened = 0;
  const watch = new DoorWatch(port, () => Promise.resolve(void reopened++), { lookMs: 1 });
  await until(() => came.length >= 3);
  const guest = await Deno.connect({ hostname: "127.0.0.1", port });
  await until(() => welcomed.length === 1);
  const before = came.length;
  await until(() => came.length >= before + 3);

  await watch.close();
  assert.deepEqual(welcomed.map(({ remotePort }) => remotePort), [guest.localAddr.port]);
  assert.equal(reopened, 0);
  guest.close();
  welcomed[0]!.destroy();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("a door that is shut is opened anew on the same port, also where that fails at first", async () => {
  let attempts = 0;
  const watch = new DoorWatch(
    freePort(),
    () => ++attempts < 3 ? Promise.reject(new Error("in use")) : Promise.resolve(),
    { lookMs: 1 },
  );

  await until(() => attempts >= 3);
  await watch.close();
});

Deno.test("a door before which so many stand that nobody can join them is opened anew as well", async () => {
  const door = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = door.addr;
  const crowd = await standBefore(port);
  let reopened = 0;
  const watch = new DoorWatch(port, () => Promise.resolve(void reopened++), { lookMs: 1 });

  await until(() => reopened > 0);

  // It knocks again meanwhile, and does not wait to be let in.
  await watch.close();
  for (const connection of crowd) connection.close();
  door.close();
});
