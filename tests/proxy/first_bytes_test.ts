/**
 * What a client sends before it is known what it speaks.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { FirstBytes } from "../../proxy/first_bytes.ts";

Deno.test("FirstBytes gives all that has come, until it is enough", async () => {
  await using pair = await connect();
  const first = new FirstBytes(pair.accepted);

  const seen = await new Promise<string>((resolve) => {
    pair.client.write("CONN");
    first.expect({
      look: (bytes) => {
        if (bytes.length < 8) return void pair.client.write("ECT ");
        resolve(text(bytes));
      },
      patienceMs: 60_000,
    });
  });

  assert.equal(seen, "CONNECT ");
  assert.equal(text(first.take()), "CONNECT ");
});

Deno.test("FirstBytes looks for the next thing in what came right behind the first", async () => {
  await using pair = await connect();
  const first = new FirstBytes(pair.accepted);
  pair.client.write("headhello");

  const hello = await new Promise<string>((resolve) =>
    first.expect({
      look: () => {
        first.skip("head".length);
        first.expect({ look: (bytes) => resolve(text(bytes)), patienceMs: 60_000 });
      },
      patienceMs: 60_000,
    })
  );

  assert.equal(hello, "hello");
  first.take();
});

Deno.test("FirstBytes reads on behind a pause", async () => {
  await using pair = await connect();
  const first = new FirstBytes(pair.accepted);
  await new Promise<void>((resolve) => {
    pair.client.write("a");
    first.expect({ look: () => resolve(), patienceMs: 60_000 });
  });
  first.hold();
  pair.client.write("b");

  const seen = await new Promise<string>((resolve) =>
    first.expect({
      look: (bytes) => bytes.length === 2 ? resolve(text(bytes)) : undefined,
      patienceMs: 60_000,
    })
  );

  assert.equal(seen, "ab");
  first.take();
});

Deno.test("FirstBytes tells of a client that says nothing", async () => {
  await using pair = await connect();
  const first = new FirstBytes(pair.accepted);

  await new Promise<void>((resolve) =>
    first.expect({ look: () => {}, patienceMs: 1, onSilence: resolve })
  );

  assert.equal(first.isEmpty, true);
  first.take();
});

Deno.test("FirstBytes waits for nothing more of a connection that is closed", async () => {
  await using pair = await connect();
  const first = new FirstBytes(pair.accepted);
  const closed = once(pair.accepted, "close");
  pair.accepted.destroy();
  await closed;

  first.expect({ look: () => assert.fail("nothing comes"), patienceMs: 60_000 });
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

interface Pair extends AsyncDisposable {
  readonly client: net.Socket;
  readonly accepted: net.Socket;
}

async function connect(): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const client = net.connect(port, "127.0.0.1");
  const [accepted] = await once(server, "connection") as [net.Socket];
  return {
    client,
    accepted,
    [Symbol.asyncDispose]: async () => {
      const ended = Promise.all([client, accepted].map(closed));
      client.destroy();
      accepted.destroy();
      await ended;
      server.close();
      await once(server, "close");
    },
  };
}

async function closed(socket: net.Socket): Promise<void> {
  if (!socket.closed) await once(socket, "close");
}
