/** Memory of read bytes is given back at once, and never while someone needs it. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { releaseBuffer } from "../../proxy/release_buffer.ts";
import { signal, withScript } from "../support/scripted_run.ts";

Deno.test("releaseBuffer() empties a piece that has its buffer for itself", () => {
  const piece = new Uint8Array(8192).fill(1);

  releaseBuffer(piece);

  assert.equal(piece.byteLength, 0);
});

Deno.test("releaseBuffer() leaves a piece of a larger buffer alone, and small ones", () => {
  const shared = new Uint8Array(16384).fill(1);
  const small = new Uint8Array(100).fill(1);

  releaseBuffer(shared.subarray(0, 8192));
  releaseBuffer(small);

  assert.equal(shared.byteLength, 16384);
  assert.equal(small[99], 1);
});

Deno.test("an upload arrives byte for byte while its buffers are given back", async () => {
  const body = new Uint8Array(randomBytes(6 * 1024 * 1024));
  const arrived = signal<string>();
  await withScript(async (connection) => {
    await connection.readHead();
    // One character for each byte.
    const text = await connection.readBytes(body.length);
    arrived.resolve(createHash("sha256").update(text, "latin1").digest("hex"));
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }, async ({ client }) => {
    await client.write(
      `POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    for (let at = 0; at < body.length;) at += await client.conn.write(body.subarray(at));
    await client.readHead();

    assert.equal(await arrived.promise, createHash("sha256").update(body).digest("hex"));
  });
});
