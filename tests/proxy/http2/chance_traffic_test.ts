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
import { ChanceServer, readBody, sendBody, Wrong } from "../../support/chance_server.ts";
import { loopbackPair } from "../../support/frame_peer.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 25);
const REQUESTS = 60;
const CANCEL = 8;
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

class Round {
  readonly #random: Random;
  readonly #server: ChanceServer;
  readonly #work: Promise<void>[] = [];
  #wholeAnswers = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#server = new ChanceServer(random);
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
    await this.#server.ended();
    return this.#wholeAnswers;
  }

  #forward({ method, target, lines, names }: RequestHead): Forward {
    return {
      key: "one",
      authority: "api.acme.test:443",
      head: { startLine: "", headers: { method, target, lines, names } },
      connect: () => this.#server.connect(),
    };
  }

  async #ask(client: Http2Connection, number: number): Promise<void> {
    const random = this.#random;
    const length = random(3) === 0 ? 0 : random(random(5) === 0 ? 400_000 : 3_000);
    try {
      const call = await client.open(requestHead(number, length), { endStream: length === 0 });
      if (call === null) return;
      const leaves = random(8) === 0;
      const sent = length === 0
        ? null
        : sendBody(call, number, length, leaves ? CANCEL : null, random);
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
