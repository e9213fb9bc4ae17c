/**
 * Requests of HTTP/1.1 by chance, to servers of HTTP/2, through the engine and the bridge: whatever is
 * broken off, refused, answered early or left, what looks whole is whole, and nothing is done twice.
 */
import assert from "node:assert/strict";
import { serveExchanges } from "../../../proxy/exchange.ts";
import { findFault } from "../../../proxy/fault_teller.ts";
import type { Forward } from "../../../proxy/forward.ts";
import type { RequestHead } from "../../../proxy/http1/message_head.ts";
import { Http1Bridge } from "../../../proxy/http2/http1_bridge.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { UpstreamPool } from "../../../proxy/upstream_pool.ts";
import { byteAt, ChanceServer, Wrong } from "../../support/chance_server.ts";
import { loopbackPair } from "../../support/frame_peer.ts";
import { RawConnection } from "../../support/raw_connection.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 8);
const LANES = 4;
const REQUESTS = 40;

Deno.test("traffic by chance to HTTP/2: what looks whole is whole, and nothing is done twice", async () => {
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
  readonly #pool = new UpstreamPool();
  readonly #exchanges: Promise<void>[] = [];
  #number = 0;
  #wholeAnswers = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#server = new ChanceServer(random);
  }

  /** How many answers came through whole. */
  async play(): Promise<number> {
    await Promise.all(Array.from({ length: LANES }, () => this.#lane()));
    await Promise.all(this.#exchanges);
    this.#pool.close();
    await this.#server.ended();
    return this.#wholeAnswers;
  }

  /** One request after the other, on one connection as long as it goes on. */
  async #lane(): Promise<void> {
    let client: RawConnection | null = null;
    while (this.#number < REQUESTS) {
      client ??= await this.#connect();
      const goesOn = await this.#ask(client, this.#number++).catch((error) => {
        if (error instanceof Wrong) throw error;
        return false;
      });
      if (goesOn) continue;
      client.close();
      client = null;
    }
    client?.close();
  }

  async #connect(): Promise<RawConnection> {
    const [near, far] = await loopbackPair();
    this.#exchanges.push(serveExchanges(far, {
      pool: this.#pool,
      decide: (request) => this.#forward(request),
      onFault: (error) => {
        if (findFault(error) !== null) throw error;
      },
    }));
    return new RawConnection(near);
  }

  #forward({ method, target, lines, names }: RequestHead): Forward {
    const connect = () => this.#server.connect();
    return {
      key: "one",
      authority: "api.acme.test:443",
      head: {
        startLine: `${method} ${target} HTTP/1.1`,
        headers: { method, target, lines, names },
      },
      connect: async () =>
        new Http1Bridge(await connect(), { reconnect: connect, silence: TIMING }),
    };
  }

  /** Whether the connection is good for another. */
  async #ask(client: RawConnection, number: number): Promise<boolean> {
    const random = this.#random;
    const length = random(3) === 0 ? 0 : random(random(5) === 0 ? 1_500_000 : 3_000);
    const isChunked = length > 0 && random(2) === 0;
    await client.write(
      `${length === 0 ? "GET" : "POST"} /${number} HTTP/1.1\r\nHost: api.acme.test\r\n` +
        `X-Length: ${length}\r\n${framing(length, isChunked)}\r\n`,
    );
    if (random(8) === 0) {
      await sendPieces(client, number, random(length + 1), isChunked, random);
      return false;
    }
    const sending = sendPieces(client, number, length, isChunked, random).then(async () => {
      if (isChunked) await client.write(random(2) === 0 ? "0\r\n\r\n" : "0\r\nX-End: 1\r\n\r\n");
    });
    const [goesOn] = await Promise.all([this.#readAnswer(client, number), sending.catch(() => {})]);
    return goesOn;
  }

  async #readAnswer(client: RawConnection, number: number): Promise<boolean> {
    const head = await client.readHead();
    const said = /\r\nx-length: (\d+)\r\n/.exec(head)?.[1];
    // The proxy's own answer: the server broke off.
    if (said === undefined) return false;
    const body = /\r\ntransfer-encoding: chunked\r\n/.test(head) ? await readChunks(client) : "";
    if (body.length !== Number(said)) {
      throw new Wrong(`${body.length} bytes of ${number} look like all ${said}`);
    }
    for (let at = 0; at < body.length; at++) {
      if (body.charCodeAt(at) !== byteAt(number, at)) {
        throw new Wrong(`a byte of ${number} is another one`);
      }
    }
    this.#wholeAnswers++;
    return !/\r\nconnection: close\r\n/i.test(head);
  }
}

function framing(length: number, isChunked: boolean): string {
  if (length === 0) return "";
  return isChunked ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${length}\r\n`;
}

/** Sends a body up to `end`. */
async function sendPieces(
  client: RawConnection,
  number: number,
  end: number,
  isChunked: boolean,
  random: Random,
): Promise<void> {
  for (let at = 0; at < end;) {
    const size = Math.min(end - at, 1 + random(random(3) === 0 ? 200_000 : 1_000));
    const piece = Uint8Array.from({ length: size }, (_, index) => byteAt(number, at + index));
    at += size;
    if (isChunked) await client.write(`${size.toString(16)}\r\n`);
    await client.write(piece);
    if (isChunked) await client.write("\r\n");
    if (random(4) === 0) await new Promise((resolve) => setTimeout(resolve));
  }
}

async function readChunks(client: RawConnection): Promise<string> {
  let body = "";
  for (;;) {
    const size = parseInt(await client.readUntil("\r\n"), 16);
    if (size === 0) break;
    body += await client.readBytes(size);
    await client.readBytes(2);
  }
  while (await client.readUntil("\r\n") !== "\r\n");
  return body;
}
