/**
 * Requests and answers by chance, through the proxy's own code from end to end: whatever is broken
 * off, refused, answered early or left, what looks whole is whole, and nothing is done twice.
 */
import assert from "node:assert/strict";
import { serveExchanges } from "../../../proxy/exchange.ts";
import { findFault } from "../../../proxy/fault_teller.ts";
import type { Forward } from "../../../proxy/forward.ts";
import { endToEndLines } from "../../../proxy/hop_by_hop.ts";
import type { RequestHead } from "../../../proxy/http1/message_head.ts";
import { DowngradedStream } from "../../../proxy/http2/downgraded_stream.ts";
import { exchangeStream } from "../../../proxy/http2/exchange_stream.ts";
import type { FieldLine } from "../../../proxy/http2/hpack/field_line.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { UpstreamSessions } from "../../../proxy/http2/upstream_sessions.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { UpstreamPool } from "../../../proxy/upstream_pool.ts";
import { ChanceHttp1Server } from "../../support/chance_http1_server.ts";
import { ChanceServer, readBody, sendBody, Wrong } from "../../support/chance_server.ts";
import { loopbackPair } from "../../support/frame_peer.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = { "HTTP/2": 25, "HTTP/1.1": 10 };
const REQUESTS = 60;
const CANCEL = 8;
const maxListBytes = 16 * 1024;

for (const version of ["HTTP/2", "HTTP/1.1"] as const) {
  Deno.test(`traffic by chance, servers of ${version}: what looks whole is whole, and nothing is done twice`, async () => {
    const rounds = Number(Deno.env.get("FUZZ_ROUNDS") ?? ROUNDS[version]);
    for (let seed = 1; seed <= rounds; seed++) {
      try {
        assert.ok(await new Round(randomOf(seed), version).play() > 0, "nothing came through");
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
}

class Round {
  readonly #random: Random;
  readonly #isDowngraded: boolean;
  readonly #server: ChanceServer | ChanceHttp1Server;
  readonly #pool = new UpstreamPool();
  readonly #work: Promise<void>[] = [];
  #wholeAnswers = 0;

  constructor(random: Random, version: "HTTP/2" | "HTTP/1.1") {
    this.#random = random;
    this.#isDowngraded = version === "HTTP/1.1";
    this.#server = this.#isDowngraded ? new ChanceHttp1Server(random) : new ChanceServer(random);
  }

  /** How many answers came through whole. */
  async play(): Promise<number> {
    const [near, far] = await loopbackPair();
    const upstreams = new UpstreamSessions({
      places: this.#pool,
      silence: TIMING,
      now: Date.now,
    });
    const exchanges: Promise<void>[] = [];
    const options = {
      decide: (request: RequestHead) => this.#forward(request),
      onRefusal: () => {},
      onFault: (error: unknown) => {
        if (findFault(error) !== null) throw error;
      },
    };
    const proxy = new Http2Connection(far, {
      role: "server",
      maxListBytes,
      maxStreams: 100,
      onStream: (stream) =>
        exchanges.push(exchangeStream(stream, {
          ...options,
          upstreams,
          downgrade: {
            isNeeded: () => this.#isDowngraded,
            serve: (stream, head) =>
              serveExchanges(new DowngradedStream(stream, head), { ...options, pool: this.#pool }),
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
    this.#pool.close();
    await this.#server.ended();
    return this.#wholeAnswers;
  }

  #forward(request: RequestHead): Forward {
    const { method, target } = request;
    return {
      key: "one",
      authority: "api.acme.test:443",
      head: {
        startLine: `${method} ${target} HTTP/1.1`,
        headers: { method, target, ...endToEndLines(request) },
      },
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
