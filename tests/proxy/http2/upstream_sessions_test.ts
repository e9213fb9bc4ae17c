/** One client's sessions with servers: when they are used again, and when not. */
import assert from "node:assert/strict";
import type { Forward } from "../../../proxy/forward.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { UpstreamSessions } from "../../../proxy/http2/upstream_sessions.ts";
import { block, F, frame, FramePeer, loopbackPair, T } from "../../support/frame_peer.ts";
import { GET, OK } from "../../support/frame_rules.ts";

const MINUTE_MS = 60_000;
const QUESTION = { fields: GET, endStream: true };

interface Stage {
  readonly sessions: UpstreamSessions;
  readonly forward: Forward;
  /** The servers that were connected to. */
  readonly servers: FramePeer[];
  readonly clock: { now: number };
}

async function onStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const clock = { now: Date.now() };
  const sessions = new UpstreamSessions(() => clock.now);
  const servers: FramePeer[] = [];
  const connect = async () => {
    const [own, other] = await loopbackPair();
    const server = new FramePeer(other);
    servers.push(server);
    await server.send(T.SETTINGS, 0, 0);
    return own;
  };
  const forward = { key: "https://api.acme.test:443 h2", authority: "api.acme.test:443", connect };
  try {
    await body({ sessions, forward: forward as unknown as Forward, servers, clock });
  } finally {
    sessions.close();
    for (const server of servers) {
      // Behind the GOAWAY; the first bytes are the preface.
      while (await server.connection.read(new Uint8Array(4096)).catch(() => null) !== null);
      server[Symbol.dispose]();
    }
  }
}

/** The stream of a client that waits for its answer. */
const client = { hasEnded: false, ended: new Promise(() => {}) } as unknown as Http2Stream;

Deno.test("a session that nobody used for a minute is not trusted with a request", async () => {
  await onStage(async ({ sessions, forward, servers, clock }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    await servers[0]!.sendBytes(
      frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, first.id, block(OK)),
    );
    await first.ended;
    clock.now += MINUTE_MS / 2;
    await sessions.ask(client, forward, QUESTION);
    assert.equal(servers.length, 1);
  });

  await onStage(async ({ sessions, forward, servers, clock }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    await servers[0]!.sendBytes(
      frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, first.id, block(OK)),
    );
    await first.ended;
    clock.now += MINUTE_MS;
    await Promise.all([1, 2, 3].map(() => sessions.ask(client, forward, QUESTION)));
    assert.equal(servers.length, 2);
  });
});

Deno.test("a session with a call under way is not an idle one", async () => {
  await onStage(async ({ sessions, forward, servers, clock }) => {
    await sessions.ask(client, forward, QUESTION);
    clock.now += 10 * MINUTE_MS;
    await sessions.ask(client, forward, QUESTION);

    assert.equal(servers.length, 1);
  });
});

Deno.test("a server that cannot be reached is tried again by the next request", async () => {
  const sessions = new UpstreamSessions();
  let tries = 0;
  const connect = () => {
    tries++;
    throw new Error("refused");
  };
  const forward = { key: "a", authority: "api.acme.test:443", connect } as unknown as Forward;
  for (let count = 0; count < 2; count++) {
    await assert.rejects(sessions.ask(client, forward, QUESTION), /refused/);
  }
  sessions.close();
  await assert.rejects(sessions.ask(client, forward, QUESTION), /the client has left/);

  assert.equal(tries, 2);
});

Deno.test("a head that cannot be written takes no stream from the others", async () => {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const ours = new Http2Connection(own, { role: "client", maxListBytes: 1024 });
  await peer.greetAsServer();
  const wide = [...GET, ["x-a", "\u0100"]] as const;
  for (let count = 0; count < 200; count++) {
    await assert.rejects(ours.open(wide, { endStream: true }), RangeError);
  }
  assert.ok(ours.isIdle);
  assert.ok(await ours.open(GET, { endStream: true }));
  assert.equal((await peer.settle()).goesOn, true);
  ours.close();
  await ours.ended;
});

Deno.test("a request does not wait for ever for a server that allows none", async () => {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const ours = new Http2Connection(own, { role: "client", maxListBytes: 1024 });
  await peer.greetAsServer(Uint8Array.of(0, 3, 0, 0, 0, 0));
  await ours.settled;

  await assert.rejects(
    ours.open(GET, { endStream: true, waitMs: 1 }),
    { name: "TooManyStreams" },
  );
  ours.close();
  await ours.ended;
});
