/**
 * Frames by chance, right ones and wrong ones, for both sides: nothing is thrown where nobody catches
 * it, the connection goes on or ends, and whoever waits for a stream is told.
 */
import assert from "node:assert/strict";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import {
  block,
  concat,
  F,
  frame,
  FramePeer,
  loopbackPair,
  numbers,
  settings,
  T,
} from "../../support/frame_peer.ts";
import { GET, OK } from "../../support/frame_rules.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 150);
const FRAMES = 60;
const OUR_STREAMS = 8;
const END = F.END_HEADERS | F.END_STREAM;
const HINT: typeof OK = [[":status", "103"]];

for (const role of ["server", "client"] as const) {
  Deno.test(`fuzz: frames by chance, as a ${role}`, async () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      try {
        await playRound(role, randomOf(seed));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
}

async function playRound(role: "server" | "client", random: Random): Promise<void> {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const work: Promise<void>[] = [];
  const ours = new Http2Connection(own, {
    role,
    maxListBytes: 16 * 1024,
    maxStreams: 8,
    onStream: (stream) => work.push(use(stream, random, OK)),
  });
  if (role === "client") {
    await peer.greetAsServer();
    for (let count = 0; count < OUR_STREAMS; count++) work.push(ask(ours, random));
  } else await peer.greetAsClient();
  const reading = readAll(peer);
  const wrongness = [0, 40, 8][random(3)]!;
  const frames = new ChanceFrames(role, random, wrongness);
  for (let sent = 0; sent < FRAMES; sent++) {
    // It may have ended the connection: then this is what a peer finds out.
    await peer.sendBytes(frames.next()).catch(() => {});
  }
  if (random(2) === 0) peer[Symbol.dispose]();
  else ours.close(random(2));
  await ours.ended;
  await Promise.all(work);
  peer[Symbol.dispose]();
  await reading;
}

async function ask(ours: Http2Connection, random: Random): Promise<void> {
  const stream = await ours.open(GET, { endStream: random(2) === 0 });
  if (stream !== null) await use(stream, random, null);
}

/** Reads everything, writes something, and leaves or resets: whatever the proxy does with streams. */
async function use(stream: Http2Stream, random: Random, head: typeof OK | null): Promise<void> {
  try {
    if (random(8) === 0) return stream.reset(8);
    if (head !== null) stream.sendHead(head, { endStream: random(8) === 0 });
    if (random(2) === 0) await stream.write(new Uint8Array(random(100_000)), { endStream: false });
    stream.finish(random(3) === 0 ? [["x-checksum", "1"]] : []);
    await stream.readHead();
    for (let piece = await stream.body.read(); piece !== null;) piece = await stream.body.read();
    assert.ok(stream.isReceived, "a body that ends is whole");
  } catch (error) {
    // Told that it is over; TCP's own errors come as they are.
    if (error instanceof assert.AssertionError || error instanceof TypeError) throw error;
  }
}

async function readAll(peer: FramePeer): Promise<void> {
  while (await peer.next() !== null);
}

/** What a peer might send that keeps the rules, as far as it can know; and, now and then, anything. */
class ChanceFrames {
  readonly #role: "server" | "client";
  readonly #random: Random;
  readonly #wrongness: number;
  /** Streams on which the peer has something to say. */
  readonly #open = new Set<number>();
  /** Those of them whose final head was sent. */
  readonly #begun = new Set<number>();
  #lastId: number;

  /** One frame in `wrongness` is anything at all; 0: none. */
  constructor(role: "server" | "client", random: Random, wrongness: number) {
    this.#role = role;
    this.#random = random;
    this.#wrongness = wrongness;
    this.#lastId = role === "server" ? -1 : 2 * OUR_STREAMS - 1;
    for (let id = 1; id <= this.#lastId; id += 2) this.#open.add(id);
  }

  next(): Uint8Array {
    const random = this.#random;
    if (this.#wrongness > 0 && random(this.#wrongness) === 0) return wrongFrame(random);
    const known = 1 + 2 * random((Math.max(1, this.#lastId) + 1) / 2);
    const begun = [...this.#begun][random(Math.max(1, this.#begun.size))];
    switch (random(12)) {
      case 0:
      case 1:
        return this.#head();
      case 2:
        if (begun === undefined) return this.#head();
        return this.#end(begun, frame(T.HEADERS, END, begun, block([["x-checksum", "1"]])));
      case 3:
      case 4:
      case 5:
        return begun === undefined ? this.#head() : this.#data(begun);
      case 6:
      case 7:
        if (this.#lastId < 0) return this.#head();
        return frame(T.WINDOW_UPDATE, 0, random(2) * known, numbers(1 + random(70_000)));
      case 8:
        return frame(T.SETTINGS, 0, 0, settings([4, random(3) * random(90_000)], [3, random(9)]));
      case 9:
        if (begun === undefined) return this.#head();
        return this.#end(begun, frame(T.RST_STREAM, 0, begun, numbers(random(14))));
      default:
        return frame(T.PING, random(2), 0, numbers(random(99), 1));
    }
  }

  /** A request's on a new stream, an answer's on one that waits; in one piece, or in two. */
  #head(): Uint8Array {
    const random = this.#random;
    const waiting = [...this.#open].find((id) => !this.#begun.has(id));
    const id = this.#role === "server" ? this.#lastId += 2 : waiting;
    if (id === undefined) return frame(T.PING, 0, 0, numbers(0, 0));
    const isInterim = this.#role === "client" && random(3) === 0;
    const head = block(this.#role === "server" ? GET : isInterim ? HINT : OK);
    const end = !isInterim && random(4) === 0 ? F.END_STREAM : 0;
    const at = random(head.length);
    if (!isInterim) this.#begun.add(id);
    this.#open.add(id);
    const bytes = random(2) === 0 ? frame(T.HEADERS, F.END_HEADERS | end, id, head) : concat(
      frame(T.HEADERS, end, id, head.subarray(0, at)),
      frame(T.CONTINUATION, F.END_HEADERS, id, head.subarray(at)),
    );
    return end === 0 ? bytes : this.#end(id, bytes);
  }

  #data(id: number): Uint8Array {
    const random = this.#random;
    const end = random(4) === 0 ? F.END_STREAM : 0;
    const padding = random(200);
    const payload = new Uint8Array(1 + padding + random(random(2) === 0 ? 4 : 16_000));
    payload[0] = padding;
    const bytes = frame(T.DATA, end | (random(2) === 0 ? F.PADDED : 0), id, payload);
    return end === 0 ? bytes : this.#end(id, bytes);
  }

  #end(id: number, bytes: Uint8Array): Uint8Array {
    this.#open.delete(id);
    this.#begun.delete(id);
    return bytes;
  }
}

/** Anything: most end the connection. */
function wrongFrame(random: Random): Uint8Array {
  const payload = Uint8Array.from({ length: random(40) }, () => random(256));
  const length = random(20) === 0 ? random(2 ** 24) : payload.length;
  return frame(random(12), random(256), random(3) === 0 ? 0 : random(20), payload, length);
}
