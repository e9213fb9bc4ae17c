/** Windows of HTTP/2 in both directions (RFC 9113 section 5.2): nothing lost, nobody waits for ever. */
import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { type Blocked, ConnectionWindow } from "../../../proxy/http2/connection_window.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { ReceivedBody } from "../../../proxy/http2/received_body.ts";
import {
  block,
  F,
  frame,
  FramePeer,
  loopbackPair,
  numberAt,
  numbers,
  type SeenFrame,
  settings,
  T,
} from "../../support/frame_peer.ts";
import { GET, OK } from "../../support/frame_rules.ts";

/** Every window begins with it (RFC 9113 section 6.9.2). */
const INITIAL_BYTES = 65_535;

interface Stage {
  readonly peer: FramePeer;
  /** The next stream that the peer opened. */
  next(): Promise<Http2Stream>;
}

async function asServer(body: (stage: Stage) => Promise<void>): Promise<void> {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const streams: Http2Stream[] = [];
  let onStream = () => {};
  const ours = new Http2Connection(own, {
    role: "server",
    maxListBytes: 16 * 1024,
    maxStreams: 100,
    onStream: (stream) => {
      streams.push(stream);
      onStream();
    },
  });
  await peer.greetAsClient();
  const next = async () => {
    while (streams.length === 0) await new Promise<void>((resolve) => onStream = resolve);
    return streams.shift()!;
  };
  try {
    await body({ peer, next });
  } finally {
    ours.close();
    await ours.ended;
  }
}

/** Lengths of the DATA that a settled peer has got. */
async function dataOf(peer: FramePeer, streamId?: number): Promise<number[]> {
  const first = await peer.settle();
  // Twice: who waits for a window is woken by it and is one step behind the answer to the PING.
  const second = await peer.settle();
  const frames = [...first.frames, ...second.frames];
  return lengths(frames.filter((seen) => (streamId ?? seen.streamId) === seen.streamId));
}

function lengths(frames: readonly SeenFrame[]): number[] {
  return frames.filter(({ type }) => type === T.DATA).map(({ payload }) => payload.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

const asked = (id: number) => frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, id, block(GET));
const opened = (id: number) => frame(T.HEADERS, F.END_HEADERS, id, block(GET));
const more = (id: number, bytes: number) => frame(T.WINDOW_UPDATE, 0, id, numbers(bytes));

Deno.test("what is sent fits the stream's window and the connection's, whichever is smaller", async () => {
  await asServer(async ({ peer, next }) => {
    await peer.send(T.SETTINGS, 0, 0, settings([4, 1_000]));
    await peer.sendBytes(asked(1));
    const stream = await next();
    stream.sendHead(OK);
    const written = stream.write(new Uint8Array(100_000), { endStream: true });
    assert.equal(sum(await dataOf(peer)), 1_000);

    await peer.sendBytes(more(1, 10_000));
    assert.equal(sum(await dataOf(peer)), 10_000);

    await peer.sendBytes(more(1, 200_000));
    assert.equal(sum(await dataOf(peer)), INITIAL_BYTES - 11_000);

    await peer.sendBytes(more(0, 200_000));
    assert.equal(sum(await dataOf(peer)), 100_000 - INITIAL_BYTES);
    await written;
  });
});

Deno.test("SETTINGS can make a window negative; nothing is sent before it is above zero again", async () => {
  await asServer(async ({ peer, next }) => {
    await peer.sendBytes(asked(1));
    const stream = await next();
    stream.sendHead(OK);
    const written = stream.write(new Uint8Array(INITIAL_BYTES + 10), { endStream: true });
    assert.equal(sum(await dataOf(peer)), INITIAL_BYTES);

    await peer.sendBytes(more(0, 100_000));
    await peer.send(T.SETTINGS, 0, 0, settings([4, 5]));
    await peer.sendBytes(more(1, INITIAL_BYTES - 5));
    assert.deepEqual(await dataOf(peer), [], "its window is 0");
    await peer.sendBytes(more(1, 3));
    assert.deepEqual(await dataOf(peer), [3]);
    await peer.send(T.SETTINGS, 0, 0, settings([4, 100]));
    assert.deepEqual(await dataOf(peer), [7]);
    await written;
  });
});

Deno.test("windows of one byte: each brings one byte, to the end", async () => {
  await asServer(async ({ peer, next }) => {
    await peer.send(T.SETTINGS, 0, 0, settings([4, 1]));
    await peer.sendBytes(asked(1));
    const stream = await next();
    stream.sendHead(OK);
    const written = stream.write(new Uint8Array(300), { endStream: true });
    for (let count = 0; count < 300; count++) {
      assert.equal((await peer.nextOf(T.DATA, 1))!.payload.length, 1);
      await peer.sendBytes(more(1, 1));
    }
    await written;
  });
});

Deno.test("a stream that the peer does not let in holds no other one back", async () => {
  await asServer(async ({ peer, next }) => {
    await peer.sendBytes(more(0, 1_000_000), asked(1), asked(3));
    const [stalled, other] = [await next(), await next()];
    for (const stream of [stalled, other]) stream.sendHead(OK);
    const waiting = stalled.write(new Uint8Array(100_000), { endStream: true });
    await peer.settle();
    const written = other.write(new Uint8Array(INITIAL_BYTES), { endStream: true });
    assert.equal(sum(await dataOf(peer, 3)), INITIAL_BYTES);
    await written;
    await peer.sendBytes(more(1, 100_000));
    await waiting;
  });
});

Deno.test("a stream that nobody reads takes its own window and leaves the others theirs", async () => {
  await asServer(async ({ peer, next }) => {
    const piece = new Uint8Array(16_384);
    // Sixteen streams unread: four times the window of the connection.
    for (let id = 1; id < 32; id += 2) {
      await peer.sendBytes(opened(id), ...Array(16).fill(frame(T.DATA, 0, id, piece)));
      await next();
    }
    await peer.sendBytes(opened(33), frame(T.DATA, F.END_STREAM, 33, piece));
    const read = await next();
    const { frames, goesOn } = await peer.settle();

    assert.equal((await read.body.read())?.length, piece.length);
    assert.ok(goesOn);
    assert.deepEqual(frames.filter(({ type }) => type === T.RST_STREAM), []);
  });
});

Deno.test("padding, and DATA of streams that were reset, make room again", async () => {
  await asServer(async ({ peer, next }) => {
    await peer.sendBytes(opened(1), opened(3));
    const [padded, left] = [await next(), await next()];
    left.reset(8);
    const padding = Uint8Array.of(255, ...new Uint8Array(256));
    let [room, streamRoom] = [INITIAL_BYTES, 256 * 1024];
    for (let sent = 0; sent < 4_000; sent++) {
      await peer.sendBytes(frame(T.DATA, F.PADDED, 1, padding), frame(T.DATA, 0, 3, [1, 2, 3]));
      assert.equal((await padded.body.read())?.length, 1);
      room -= 260;
      streamRoom -= 257;
      if (sent % 100 !== 0) continue;
      const { frames } = await peer.settle();
      for (const { type, streamId, payload } of frames) {
        if (type !== T.WINDOW_UPDATE) continue;
        if (streamId === 0) room += numberAt(payload, 0);
        else streamRoom += numberAt(payload, 0);
      }
      assert.ok(room > 0 && streamRoom > 0);
    }
  });
});

Deno.test("nothing is said about the window of a stream that was reset", async () => {
  await asServer(async ({ peer, next }) => {
    const piece = frame(T.DATA, 0, 1, new Uint8Array(16_384));
    await peer.sendBytes(opened(1), ...Array(16).fill(piece));
    const stream = await next();
    await peer.settle();
    stream.reset(8);
    while (await stream.body.read().catch(() => null) !== null);
    const { frames } = await peer.settle();

    assert.deepEqual(
      frames.filter(({ streamId }) => streamId === 1).map(({ type }) => type),
      [T.RST_STREAM],
    );
  });
});

class Waiting implements Blocked {
  woken = 0;

  wake(): void {
    this.woken++;
  }
}

Deno.test("a peer that lets in one byte wakes one stream and not a hundred", () => {
  const window = new ConnectionWindow(() => {});
  window.take(INITIAL_BYTES, new Waiting());
  const waiting = Array.from({ length: 100 }, () => new Waiting());
  for (const one of waiting) window.await(one);

  window.open(1);
  assert.equal(sum(waiting.map(({ woken }) => woken)), 1);

  // It ends and takes nothing: its byte is for the next one.
  window.forget(waiting[0]!);
  assert.deepEqual([waiting[0]!.woken, waiting[1]!.woken, waiting[2]!.woken], [1, 1, 0]);

  window.open(1_000);
  assert.ok(waiting.every(({ woken }) => woken === 1));
});

Deno.test("who got room without being called is not called for what comes later, in place of another", () => {
  const window = new ConnectionWindow(() => {});
  window.take(INITIAL_BYTES, new Waiting());
  const [first, second, third] = [new Waiting(), new Waiting(), new Waiting()];
  for (const one of [first, second, third]) window.await(one);

  window.open(1);
  // Its own window was opened in the same moment, and it is quicker.
  assert.equal(window.take(1, second), 1);
  assert.equal(window.take(1, first), 0);
  window.await(first);
  window.open(1);

  assert.deepEqual([first, second, third].map(({ woken }) => woken), [1, 0, 1]);
});

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("globalThis.gc");

Deno.test("a body that comes byte by byte takes no more memory than one that comes at once", async () => {
  const size = 256 * 1024;
  const body = new ReceivedBody(size, () => {});
  collect();
  const before = Deno.memoryUsage();
  const byte = new Uint8Array(1);
  for (let at = 0; at < size; at++) {
    byte[0] = at % 251;
    assert.ok(body.receive(byte));
  }
  body.end([]);
  // Arrays that are no longer used count until they are collected; held, they would be 60 MiB.
  collect();
  const after = Deno.memoryUsage();

  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grown < 30 * 1024 * 1024, `${grown} bytes`);
  let at = 0;
  for (let piece = await body.read(); piece !== null; piece = await body.read()) {
    for (const value of piece) assert.equal(value, at++ % 251);
  }
  assert.equal(at, size);
});
