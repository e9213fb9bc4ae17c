/**
 * A server of HTTP/2 that answers by chance: at once or early, wholly or by half, or not at all; and
 * that says when a request comes twice, or not as it was sent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Http2Connection } from "../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../proxy/http2/http2_stream.ts";
import { loopbackPair } from "./frame_peer.ts";
import type { Random } from "./seeded_random.ts";

const [NO_ERROR, REFUSED, CANCEL] = [0, 7, 8];

/** What is wrong, as opposed to what is broken off. */
export class Wrong extends Error {}

/** See the module. */
export class ChanceServer {
  readonly #random: Random;
  readonly #connections: Http2Connection[] = [];
  readonly #work: Promise<void>[] = [];
  /** Numbers of requests that it has begun to work at. */
  readonly #begun = new Set<string>();

  /** Nobody is connected. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** The other end of a new connection. */
  async connect(): Promise<Deno.Conn> {
    const [own, other] = await loopbackPair();
    this.#connections.push(
      new Http2Connection(other, {
        role: "server",
        maxListBytes: 16 * 1024,
        maxStreams: 20,
        onStream: (stream) => {
          const work = this.#serve(stream);
          // It is told at the end.
          work.catch(() => {});
          this.#work.push(work);
        },
      }),
    );
    return own;
  }

  /** When all connections have. @throws {Wrong} */
  async ended(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.ended));
    await Promise.all(this.#work);
  }

  async #serve(stream: Http2Stream): Promise<void> {
    const random = this.#random;
    try {
      const { fields } = await stream.readHead();
      const [number, length, method] = [":path", "x-length", ":method"].map((wanted) =>
        fields.find(([name]) => name === wanted)![1]
      ) as [string, string, string];
      if (random(8) === 0) {
        // Not everyone refuses by the head alone.
        if (random(2) === 0) await stream.body.read();
        return stream.reset(REFUSED);
      }
      if (method === "POST" && this.#begun.has(number)) {
        throw new Wrong(`request ${number} came twice`);
      }
      this.#begun.add(number);
      if (random(60) === 0) {
        this.#connections[random(this.#connections.length)]!.close();
        return stream.reset(CANCEL);
      }
      const at = Number(number.slice(1));
      const size = random(3) === 0 ? 0 : random(random(5) === 0 ? 400_000 : 3_000);
      const answer = async () => {
        stream.sendHead([[":status", "200"], ["x-length", `${size}`]], { endStream: size === 0 });
        if (size > 0) await sendBody(stream, at, size, random(8) === 0 ? CANCEL : null, random);
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

/** A byte of the body that is known by its number. */
export function byteAt(number: number, at: number): number {
  return (number + at) % 251;
}

/** Sends a body that is known by its number; with a code, it is broken off somewhere. */
export async function sendBody(
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

/** Reads one to its end. @throws {Wrong} when it is another one */
export async function readBody(stream: Http2Stream, number: number, length: number): Promise<void> {
  let at = 0;
  for (let piece = await stream.body.read(); piece !== null; piece = await stream.body.read()) {
    for (const byte of piece) {
      if (byte !== byteAt(number, at++)) throw new Wrong(`a byte of ${number} is another one`);
    }
  }
  if (at !== length) throw new Wrong(`${at} bytes of ${number} look like all ${length}`);
  assert.ok(stream.isReceived);
}
