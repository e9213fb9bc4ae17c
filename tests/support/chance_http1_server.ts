/**
 * A server of HTTP/1.1 that answers by chance, as `chance_server.ts` does over HTTP/2.
 *
 * @module
 */
import { byteAt, Wrong } from "./chance_server.ts";
import { loopbackPair } from "./frame_peer.ts";
import { RawConnection } from "./raw_connection.ts";
import type { Random } from "./seeded_random.ts";

/** See the module. */
export class ChanceHttp1Server {
  readonly #random: Random;
  readonly #work: Promise<void>[] = [];
  /** Numbers of requests that it has begun to work at. */
  readonly #begun = new Set<number>();

  /** Nobody is connected. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** The other end of a new connection. */
  async connect(): Promise<Deno.Conn> {
    const [own, other] = await loopbackPair();
    const work = this.#serve(new RawConnection(other));
    // It is told at the end.
    work.catch(() => {});
    this.#work.push(work);
    return own;
  }

  /** When all connections have. @throws {Wrong} */
  async ended(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #serve(client: RawConnection): Promise<void> {
    try {
      while (await this.#answer(client));
    } catch (error) {
      if (error instanceof Wrong) throw error;
    } finally {
      client.close();
    }
  }

  /** Whether the connection is good for another request. */
  async #answer(client: RawConnection): Promise<boolean> {
    const random = this.#random;
    const head = await client.readHead();
    if (random(20) === 0) return false;
    const number = Number(/^POST \/(\d+) /.exec(head)![1]);
    if (this.#begun.has(number)) throw new Wrong(`request ${number} came twice`);
    this.#begun.add(number);
    const isEarly = random(4) === 0;
    if (!isEarly) await readBody(client, head, number);
    if (random(4) === 0) await client.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    const isWhole = await this.#writeAnswer(client, number, isEarly);
    if (!isWhole) return false;
    if (isEarly) await readBody(client, head, number);
    return true;
  }

  /** Writes an answer, whole or not; false: the connection ends with it. */
  async #writeAnswer(client: RawConnection, number: number, isEarly: boolean): Promise<boolean> {
    const random = this.#random;
    const size = random(3) === 0 ? 0 : random(random(5) === 0 ? 400_000 : 3_000);
    const body = Uint8Array.from({ length: size }, (_, at) => byteAt(number, at));
    const head = `HTTP/1.1 200 OK\r\nX-Length: ${size}\r\n`;
    // Without TLS, which these connections have outside of tests, a reset may look like an end.
    if (!isEarly && random(5) === 0) {
      await client.write(`${head}\r\n`);
      await client.write(body);
      return false;
    }
    const end = random(8) === 0 ? random(size) : size;
    const isWhole = end === size;
    if (random(2) === 0) {
      await client.write(`${head}Content-Length: ${size}\r\n\r\n`);
      await client.write(body.subarray(0, end));
      return isWhole;
    }
    await client.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    for (let at = 0; at < end;) {
      const piece = body.subarray(at, Math.min(end, at + 1 + random(20_000)));
      await client.write(`${piece.length.toString(16)};x=1\r\n`);
      await client.write(piece);
      await client.write("\r\n");
      at += piece.length;
    }
    // Half a body has no end.
    if (isWhole) await client.write(random(2) === 0 ? "0\r\n\r\n" : "0\r\nX-End: 1\r\n\r\n");
    return isWhole;
  }
}

async function readBody(client: RawConnection, head: string, number: number): Promise<void> {
  const length = Number(/\r\nx-length: (\d+)\r\n/.exec(head)![1]);
  let at = 0;
  const check = (text: string) => {
    for (const letter of text) {
      if (letter.charCodeAt(0) !== byteAt(number, at++)) {
        throw new Wrong(`a byte of ${number} is another one`);
      }
    }
  };
  const said = /\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1];
  if (said !== undefined) check(await client.readBytes(Number(said)));
  else if (/\r\ntransfer-encoding: chunked\r\n/.test(head)) {
    for (;;) {
      const size = parseInt(await client.readUntil("\r\n"), 16);
      if (size === 0) break;
      check(await client.readBytes(size));
      await client.readBytes(2);
    }
    while (await client.readUntil("\r\n") !== "\r\n");
  }
  if (at !== length) throw new Wrong(`${at} bytes of ${number} look like all ${length}`);
}
