/** How an answer's body goes on while more of it is read. */
import assert from "node:assert/strict";
import type { Duplex } from "../../../proxy/duplex.ts";
import { ByteReader } from "../../../proxy/http1/byte_reader.ts";
import { copyBody } from "../../../proxy/http1/copy_body.ts";
import type { Framing } from "../../../proxy/http1/framing.ts";
import { latin1Bytes } from "../../../proxy/http1/latin1.ts";
import { randomOf } from "../../support/seeded_random.ts";

const HEAD = "HTTP/1.1 200 OK\r\n\r\n";

/** A server that sends `bytes` in pieces, and then ends or, with `stays`, says nothing more. */
class Server implements Duplex {
  /** Bytes that were read. */
  taken = 0;
  readonly #bytes: Uint8Array;
  readonly #piece: () => number;
  readonly #stays: boolean;

  constructor(bytes: Uint8Array, piece: () => number, stays = false) {
    this.#bytes = bytes;
    this.#piece = piece;
    this.#stays = stays;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const count = Math.min(this.#piece(), buffer.length, this.#bytes.length - this.taken);
    if (count === 0) return this.#stays ? await new Promise(() => {}) : null;
    buffer.set(this.#bytes.subarray(this.taken, this.taken += count));
    await Promise.resolve();
    return count;
  }

  write = (bytes: Uint8Array) => Promise.resolve(bytes.length);
  closeWrite = () => Promise.resolve();
  close(): void {}
}

/** A client that looks at what it is given only when the write is over. */
class Client implements Duplex {
  readonly got: Uint8Array[] = [];
  readonly #mayTake: () => Promise<void>;

  constructor(mayTake: () => Promise<void>) {
    this.#mayTake = mayTake;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#mayTake();
    this.got.push(bytes.slice());
    return bytes.length;
  }

  get text(): string {
    return this.got.map((bytes) => new TextDecoder().decode(bytes)).join("");
  }

  read = () => Promise.resolve(null);
  closeWrite = () => Promise.resolve();
  close(): void {}
}

async function copy(from: Server, to: Client, framing: Framing): Promise<ByteReader> {
  const reader = new ByteReader(from, latin1Bytes(HEAD));
  await reader.readHead("response");
  await copyBody(reader, to, framing, { side: "response", head: null });
  return reader;
}

/** Numbered lines: a byte out of its place shows. */
function numberedText(length: number): string {
  let text = "";
  for (let line = 0; text.length < length; line++) text += `${line}\n`;
  return text.slice(0, length);
}

function chunked(text: string, size: () => number): string {
  let framed = "";
  for (let at = 0; at < text.length;) {
    const chunk = text.slice(at, at += size());
    framed += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${framed}0\r\n\r\n`;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

for (const kind of ["length", "chunked", "until_close"] as const) {
  Deno.test(`an answer arrives as it was sent, whatever is read while it is written: ${kind}`, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomOf(seed);
      const number = (most: number) => 1 + random(most);
      const text = numberedText(number(700_000));
      const body = kind === "chunked" ? chunked(text, () => number(100_000)) : text;
      const largest = number(2) === 1 ? 100_000 : 2_000;
      const next = "HTTP/1.1 204 No Content\r\n\r\n";
      const sent = kind === "until_close" ? body : body + next;
      const server = new Server(latin1Bytes(sent), () => number(largest));
      const slowest = number(40);
      const client = new Client(() => turns(number(slowest)));
      const framing: Framing = kind === "length" ? { kind, length: body.length } : { kind };

      const reader = await copy(server, client, framing);

      assert.ok(client.text === HEAD + body, `seed ${seed}`);
      if (kind === "until_close") continue;
      assert.equal(await reader.readHead("response"), next.trimEnd(), `seed ${seed}`);
    }
  });
}

Deno.test("what came while a piece was written does not wait for the next read", async () => {
  const server = new Server(latin1Bytes("onetwo"), () => 3, true);
  const firstWritten = Promise.withResolvers<void>();
  const waits = [Promise.resolve(), firstWritten.promise];
  const client = new Client(() => waits.shift() ?? Promise.resolve());
  const whole = Promise.withResolvers<void>();
  const { push } = client.got;
  client.got.push = (...pieces) => {
    const length = push.apply(client.got, pieces);
    if (client.text.endsWith("two")) whole.resolve();
    return length;
  };

  void copy(server, client, { kind: "length", length: 9 });
  while (server.taken < 6) await turns(1);
  firstWritten.resolve();
  await whole.promise;

  assert.equal(client.text, `${HEAD}onetwo`);
});

Deno.test("of an answer that nobody takes two buffers are read", async () => {
  const server = new Server(new Uint8Array(2 ** 20), () => 2 ** 16);
  const waits = [Promise.resolve(), Promise.resolve()];
  const stuck = Promise.withResolvers<void>();
  const client = new Client(() => waits.shift() ?? stuck.promise);

  void copy(server, client, { kind: "length", length: 2 ** 20 });
  await turns(1000);

  assert.ok(server.taken >= 2 ** 17 && server.taken <= 2 ** 18, String(server.taken));
  stuck.resolve();
});

Deno.test("a client that cannot be written to ends an answer of which more is awaited", async () => {
  const server = new Server(latin1Bytes("one"), () => 3, true);
  const waits = [Promise.resolve(), Promise.reject(new Error("the client has left"))];
  const client = new Client(() => waits.shift()!);

  await assert.rejects(
    copy(server, client, { kind: "length", length: 9 }),
    { message: "the client has left" },
  );
});
