import assert from "node:assert/strict";
import net from "node:net";
import { NodeDuplex } from "../../proxy/node_duplex.ts";
import { RawConnection } from "../support/raw_connection.ts";

/** Both ends of a connection: ours, and the peer's. */
async function withPair(
  body: (ours: NodeDuplex, peer: RawConnection) => Promise<void>,
): Promise<void> {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const peer = await Deno.connect({ hostname: "127.0.0.1", port });
  const ours = new NodeDuplex(await accepted.promise);
  try {
    await body(ours, new RawConnection(peer));
  } finally {
    ours.close();
    peer.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("what is posted is what was there when it was posted", async () => {
  await withPair(async (ours, peer) => {
    const buffer = bytes("first");
    assert.equal(ours.post(buffer), true);
    buffer.fill(0x78);
    assert.equal(await peer.readBytes(5), "first");
  });
});

Deno.test("nothing is posted while something is on its way, and closing the half waits for it", async () => {
  await withPair(async (ours, peer) => {
    assert.equal(ours.hasPosted, false);
    assert.equal(ours.post(bytes("first")), true);
    assert.equal(ours.hasPosted, true);
    assert.equal(ours.post(bytes("second")), false);
    await ours.write(bytes("third"));
    assert.equal(ours.hasPosted, false);
    await ours.closeWrite();
    assert.equal(await peer.readAll(), "firstthird");
  });
});

Deno.test("much is not posted, nor on a connection that is closed", async () => {
  await withPair((ours) => {
    assert.equal(ours.post(new Uint8Array(5000)), false);
    ours.close();
    assert.equal(ours.post(bytes("late")), false);
    return Promise.resolve();
  });
});
