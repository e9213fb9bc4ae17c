import assert from "node:assert/strict";
import type { Duplex } from "../../../proxy/duplex.ts";
import type { Refusal } from "../../../proxy/fail_closed.ts";
import { ByteReader, EndOfStream, MAX_HEAD_BYTES } from "../../../proxy/http1/byte_reader.ts";
import { latin1Bytes, latin1Text } from "../../../proxy/http1/latin1.ts";

/** A connection that gives these pieces and then ends, or stays silent. */
function connectionOf(pieces: readonly string[], stays = false): Duplex {
  const queue = pieces.map(latin1Bytes);
  return {
    read(buffer) {
      const piece = queue.shift();
      if (piece === undefined) return stays ? new Promise(() => {}) : Promise.resolve(null);
      const count = Math.min(piece.length, buffer.length);
      buffer.set(piece.subarray(0, count));
      if (count < piece.length) queue.unshift(piece.subarray(count));
      return Promise.resolve(count);
    },
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

Deno.test("ByteReader reads heads that come byte by byte and leaves what follows", async () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\nrest";
  const reader = new ByteReader(connectionOf([...text]));

  assert.equal(await reader.readHead("request"), "GET / HTTP/1.1\r\nHost: a");
  assert.equal(await reader.readHead("request"), "GET /2 HTTP/1.1");
  await assert.rejects(reader.readHead("request"), EndOfStream);
});

Deno.test("ByteReader gives null for a connection that ends between two messages", async () => {
  const reader = new ByteReader(connectionOf(["GET / HTTP/1.1\r\n\r\n"]));

  await reader.readHead("request");

  assert.equal(await reader.readHead("request"), null);
});

Deno.test("ByteReader skips empty lines before a head", async () => {
  const reader = new ByteReader(connectionOf(["\r\n\r\nGET / HTTP/1.1\r\n\r\n"]));

  assert.equal(await reader.readHead("request"), "GET / HTTP/1.1");
});

Deno.test("a flood of empty lines in front of a request is skipped", async () => {
  const flood = `${"\r\n".repeat(32_000)}GET / HTTP/1.1\r\n\r\n`;
  const reader = new ByteReader(connectionOf([]), new TextEncoder().encode(flood));

  assert.equal(await reader.readHead("request"), "GET / HTTP/1.1");
  assert.equal(reader.buffered, 0);
});

for (const head of ["GET / HTTP/1.1\nHost: a\n\n", "\n", "GET / HTTP/1.1\r\nHost: a\n\r\n"]) {
  Deno.test(`ByteReader refuses a bare line feed: ${JSON.stringify(head)}`, async () => {
    // It stays open: the refusal must not wait for an end that never comes.
    const reader = new ByteReader(connectionOf([head], true));

    await assert.rejects(reader.readHead("request"), (error: Refusal) => error.status === 400);
  });
}

Deno.test("ByteReader takes a head of 200 KiB and refuses one beyond its limit", async () => {
  const large = `GET / HTTP/1.1\r\nX: ${"a".repeat(200 * 1024)}`;
  const reader = new ByteReader(connectionOf([`${large}\r\n\r\n`]));
  assert.equal(await reader.readHead("request"), large);

  const flood = new ByteReader(connectionOf(["a".repeat(MAX_HEAD_BYTES + 1)], true));
  await assert.rejects(flood.readHead("request"), (error: Refusal) => error.status === 431);
  const bad = new ByteReader(connectionOf(["a".repeat(MAX_HEAD_BYTES + 1)], true));
  await assert.rejects(bad.readHead("response"), (error: Refusal) => error.status === 502);
});

Deno.test("latin1 text and bytes are each other's way back for every byte", () => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(latin1Bytes(latin1Text(every)), every);
  const long = new Uint8Array(100_000).map((_, i) => i & 255);
  assert.deepEqual(latin1Bytes(latin1Text(long)), long);
});

Deno.test("latin1Bytes() never cuts a character down to a line break", () => {
  assert.throws(() => latin1Bytes("a\u010d\u010ab"), RangeError);
});

Deno.test("latin1 takes no notice of what the bytes would mean as UTF-8", () => {
  for (
    const text of ["\u00e9a", "\u00c3\u00a9", "\u00ef\u00bb\u00bfa", "\u00ef\u00bf\u00bd", "\u0080"]
  ) {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    assert.equal(latin1Text(bytes), text);
    assert.deepEqual(latin1Bytes(text), bytes);
  }
});

Deno.test("latin1Bytes() gives every text bytes of its own", () => {
  const texts = Array.from({ length: 200 }, (_, i) => String(i).repeat(1 + i * 7));
  const written = texts.map(latin1Bytes);
  assert.deepEqual(written.map(latin1Text), texts);
});
