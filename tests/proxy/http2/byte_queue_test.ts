/** Bytes between a server of HTTP/2 and a client of HTTP/1.1: as many as there is room for. */
import assert from "node:assert/strict";
import { ByteQueue } from "../../../proxy/http2/byte_queue.ts";

const ROWS: readonly [name: string, bytes: number, pieces: number][] = [
  ["of 64 KiB", 64 * 1024, 10],
  ["of one byte", 1, 10_000],
];

for (const [name, bytes, pieces] of ROWS) {
  Deno.test(`pieces ${name} are held back until they are read, and arrive in order`, async () => {
    const queue = new ByteQueue();
    let pushed = 0;
    const pushing = (async () => {
      for (; pushed < pieces; pushed++) await queue.push(new Uint8Array(bytes).fill(pushed % 251));
      queue.end();
    })();
    await new Promise((resolve) => setTimeout(resolve));
    assert.ok(pushed < pieces, "they pile up");

    const buffer = new Uint8Array(bytes);
    for (let index = 0; index < pieces; index++) {
      assert.equal(await queue.read(buffer), bytes);
      assert.equal(buffer[0], index % 251);
    }
    assert.equal(await queue.read(buffer), null);
    await pushing;
  });
}

Deno.test("an end with an error is told behind the last byte, and lets the source go", async () => {
  const queue = new ByteQueue();
  const pushing = queue.push(new Uint8Array(300_000));
  queue.end(new Error("broken off"));
  await pushing;

  assert.equal(await queue.read(new Uint8Array(400_000)), 300_000);
  await assert.rejects(queue.read(new Uint8Array(1)), /broken off/);
});
