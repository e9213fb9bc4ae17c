/**
 * Connections that can be read and not written any more, as when the peer has closed its socket: what
 * it said before counts, and nobody waits for what is never written.
 */
import assert from "node:assert/strict";
import type { Duplex } from "../../../proxy/duplex.ts";
import { Http1Bridge } from "../../../proxy/http2/http1_bridge.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { block, F, frame, FramePeer, loopbackPair, numbers, T } from "../../support/frame_peer.ts";
import { GET, OK } from "../../support/frame_rules.ts";
import { headOf, HOST } from "../../support/raw_http2_stage.ts";
import { relayStream } from "../../support/relayed_stream.ts";

/** A connection whose writes stop when the test says so, and fail later. */
class Breaking implements Duplex {
  readonly #connection: Duplex;
  readonly #broken = Promise.withResolvers<never>();
  #isStopped = false;

  constructor(connection: Duplex) {
    this.#connection = connection;
    this.#broken.promise.catch(() => {});
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#connection.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#isStopped ? this.#broken.promise : this.#connection.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    this.#connection.close();
    this.fail();
  }

  stop(): void {
    this.#isStopped = true;
  }

  fail(): void {
    this.#broken.reject(new Error("broken pipe"));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("requests that wait until a server reads do not wait when nothing can be written any more", async () => {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const connection = new Breaking(own);
  const ours = new Http2Connection(connection, { role: "client", maxListBytes: 1024 });
  await peer.greetAsServer();
  await ours.settled;
  await peer.settle();
  connection.stop();
  const wide = [...GET, ["x-a", "a".repeat(40_000)]] as const;
  const opening = Array.from({ length: 4 }, () => ours.open(wide, { endStream: true }));
  connection.fail();

  const [first, ...rest] = await Promise.all(opening);
  assert.equal((await first!.ended).by, "connection");
  assert.equal(rest.at(-1), null);
  assert.ok(ours.takesNoStreams);
  await ours.ended;
});

Deno.test("an answer that came before an upload broke is the answer", async () => {
  const [own, other] = await loopbackPair();
  using server = new FramePeer(other);
  const toServer = new Breaking(own);
  await relayStream({ connect: () => Promise.resolve(toServer) }, async (client) => {
    await client.sendHead(1, headOf("POST"));
    await server.greetAsServer();
    await server.nextOf(T.HEADERS, 1);
    toServer.stop();
    await client.send(T.DATA, 0, 1, bytes("half"));
    await client.settle();
    toServer.fail();
    await client.settle();
    await server.sendBytes(
      frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, 1, block([[":status", "413"]])),
    );

    const head = await client.nextOf(T.HEADERS, 1);
    assert.deepEqual(client.fields(head!), [[":status", "413"]]);
  });
});

Deno.test("a request that a server had refused before its upload broke is sent again, all of it", async () => {
  const [own, other] = await loopbackPair();
  const [ownAgain, otherAgain] = await loopbackPair();
  using first = new FramePeer(other);
  using second = new FramePeer(otherAgain);
  const connection = new Breaking(own);
  const bridge = new Http1Bridge(connection, {
    reconnect: () => Promise.resolve(ownAgain),
    silence: TIMING,
  });
  await bridge.write(
    bytes(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 7\r\n\r\n`),
  );
  await first.greetAsServer();
  await first.nextOf(T.HEADERS, 1);
  connection.stop();
  const writing = bridge.write(bytes("one "));
  connection.fail();
  await first.send(T.GOAWAY, 0, 0, numbers(0, 0));
  await second.greetAsServer();
  await second.nextOf(T.HEADERS, 1);
  await writing;
  await bridge.write(bytes("two"));

  let body = "";
  for (let isWhole = false; !isWhole;) {
    const { flags, payload } = (await second.nextOf(T.DATA, 1))!;
    body += new TextDecoder().decode(payload);
    isWhole = (flags & F.END_STREAM) !== 0;
  }
  assert.equal(body, "one two");
  await second.sendHead(1, OK, { endStream: true });
  const answer = new Uint8Array(1024);
  const count = await bridge.read(answer);
  assert.match(new TextDecoder().decode(answer.subarray(0, count!)), /^HTTP\/1\.1 200 /);
  bridge.close();
});
