/**
 * Requests and answers by chance, through the proxy's own code from end to end: whatever is broken
 * off, refused, answered early or left, what looks whole is whole, and nothing is done twice.
 */
import assert from "node:assert/strict";
import { findFault } from "../../../proxy/fault_teller.ts";
import type { Forward } from "../../../proxy/forward.ts";
import type { RequestHead } from "../../../proxy/http1/message_head.ts";
import { exchangeStream } from "../../../proxy/http2/exchange_stream.ts";
import type { FieldLine } from "../../../proxy/http2/hpack/field_line.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { UpstreamSessions } from "../../../proxy/http2/upstream_sessions.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { UpstreamPool } from "../../../proxy/upstream_pool.ts";
import { loopbackPair } from "../../support/frame_peer.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 25);
const REQUESTS = 60;
const [NO_ERROR, REFUSED, CANCEL] = [0, 7, 8];
const maxListBytes = 16 * 1024;

Deno.test("traffic by chance: what looks whole is whole, and nothing is done twice", async () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    try {
      assert.ok(await new Round(randomOf(seed)).play() > 0, "nothing came through");
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

/** What is wrong, as opposed to what is broken off. */
class Wrong extends Error {}

class Round {
  readonly #random: Random;
  readonly #servers: Http2Connection[] = [];
  readonly #work: Promise<void>[] = [];
  /** Numbers of requests that a server has begun to work at. */
  readonly #begun = new Set<string>();
  #wholeAnswers = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many answers came through whole. */
  async play(): Promise<number> {
    const [near, far] = await loopbackPair();
    const upstreams = new UpstreamSessions({
      places: new UpstreamPool(),
      silence: TIMING,
      now: Date.now,
    });
    const exchanges: Promise<void>[] = [];
    const proxy = new Http2Connection(far, {
      role: "server",
      maxListBytes,
      maxStreams: 100,
      onStream: (stream) =>
        exchanges.push(exchangeStream(stream, {
          upstreams,
          decide: (request) => this.#forward(request),
          onRefusal: () => {},
          onFault: (error) => {
            if (findFault(error) !== null) throw error;
          },
        })),
    });
    const client = new Http2Connection(near, { role: "client", maxListBytes });
    for (let number = 0; number < REQUESTS; number++) {
      this.#work.push(this.#ask(client, number));
      if (this.#random(4) === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    await Promise.all(this.#work);
    client.close();
    await proxy.ended;
    upstreams.close();
    // Nobody waits for what does not come any more.
    await Promise.all(exchanges);
    await Promise.all(this.#servers.map((server) => server.ended));
    await Promise.all(this.#work);
    return this.#wholeAnswers;
  }

  #forward({ method, target, lines, names }: RequestHead): Forward {
    return {
      key: "one",
      authority: "api.acme.test:443",
      head: { startLine: "", headers: { method, target, lines, names } },
      connect: async () => {
        const [own, other] = await loopbackPair();
        this.#servers.push(
          new Http2Connection(other, {
            role: "server",
            maxListBytes,
            maxStreams: 20,
            onStream: (stream) => this.#work.push(this.#serve(stream)),
          }),
        );
        return own;
      },
    };
  }

  async #ask(client: Http2Connection, number: number): Promise<void> {
    const random = this.#random;
    const length = random(3) === 0 ? 0 : random(random(5) === 0 ? 400_000 : 3_000);
    try {
      const call = await client.open(requestHead(number, length), { endStream: length === 0 });
      if (call === null) return;
      const leaves = random(8) === 0;
      const sent = length === 0 ? null : send(call, number, length, leaves ? CANCEL : null, random);
      await Promise.all([this.#readAnswer(call, number, leaves), sent]);
    } catch (error) {
      if (error instanceof Wrong) throw error;
    }
  }

  async #readAnswer(call: Http2Stream, number: number, leaves: boolean): Promise<void> {
    const { fields } = await call.readHead();
    const said = fields.find(([name]) => name === "x-length")?.[1];
    // The proxy's own answer: the server broke off.
    if (said === undefined) return;
    if (leaves && this.#random(2) === 0) return call.reset(CANCEL);
    await readBody(call, number, Number(said));
    this.#wholeAnswers++;
  }

  async #serve(stream: Http2Stream): Promise<void> {
    const random = this.#random;
    try {
      const { fields } = await stream.readHead();
      const [number, length] = [":path", "x-length"].map((wanted) =>
        fields.find(([name]) => name === wanted)![1]
      ) as [string, string];
      if (random(8) === 0) return stream.reset(REFUSED);
      if (this.#begun.has(number)) throw new Wrong(`request ${number} came twice`);
      this.#begun.add(number);
      if (random(60) === 0) {
        this.#servers[random(this.#servers.length)]!.close();
        return stream.reset(CANCEL);
      }
      const at = Number(number.slice(1));
      const size = random(3) === 0 ? 0 : random(random(5) === 0 ? 400_000 : 3_000);
      const answer = async () => {
        stream.sendHead([[":status", "200"], ["x-length", `${size}`]], { endStream: size === 0 });
        if (size > 0) await send(stream, at, size, random(8) === 0 ? CANCEL : null, random);
      };
      if (random(3) > 0) {
        await readBody(stream, at, Number(length));
        return await answer();
      }
      await answer();
      if (random(2) === 0) return stream.reset(NO_ERROR);
      await readBody(stream, at, Number(length));
    } catch (error) {
      if (error instanceof Wrong) throw error;
    }
  }
}

function requestHead(number: number, length: number): FieldLine[] {
  return [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "api.acme.test"],
    [":path", `/${number}`],
    ["x-length", `${length}`],
  ];
}

const byteAt = (number: number, at: number) => (number + at) % 251;

/** Sends a body that is known by its number; with a code, it is broken off somewhere. */
async function send(
  stream: Http2Stream,
  number: number,
  length: number,
  breaksOff: number | null,
  random: Random,
): Promise<void> {
  const end = breaksOff === null ? length : random(length);
  for (let at = 0; at < end;) {
    const size = Math.min(end - at, 1 + random(random(3) === 0 ? 90_000 : 1_000));
    const piece = Uint8Array.from({ length: size }, (_, index) => byteAt(number, at + index));
    at += size;
    const isLast = at === length && random(2) === 0;
    await stream.write(piece, { endStream: isLast });
  }
  if (breaksOff !== null) return stream.reset(breaksOff);
  stream.finish(random(2) === 0 ? [["x-end", "1"]] : []);
}

async function readBody(stream: Http2Stream, number: number, length: number): Promise<void> {
  let at = 0;
  for (let piece = await stream.body.read(); piece !== null; piece = await stream.body.read()) {
    for (const byte of piece) {
      if (byte !== byteAt(number, at++)) throw new Wrong(`a byte of ${number} is another one`);
    }
  }
  if (at !== length) throw new Wrong(`${at} bytes of ${number} look like all ${length}`);
  assert.ok(stream.isReceived);
}
