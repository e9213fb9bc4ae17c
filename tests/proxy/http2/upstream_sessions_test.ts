/** One client's sessions with servers: when they are used again, and when not. */
import assert from "node:assert/strict";
import type { Forward } from "../../../proxy/forward.ts";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { UpstreamSessions } from "../../../proxy/http2/upstream_sessions.ts";
import { TIMING } from "../../../proxy/timing.ts";
import { UpstreamPool } from "../../../proxy/upstream_pool.ts";
import {
  block,
  F,
  frame,
  FramePeer,
  loopbackPair,
  numbers,
  settings,
  T,
} from "../../support/frame_peer.ts";
import { GET, OK } from "../../support/frame_rules.ts";
import { headOf } from "../../support/raw_http2_stage.ts";

const MINUTE_MS = 60_000;
const QUESTION = { fields: GET, endStream: true };

interface Stage {
  readonly sessions: UpstreamSessions;
  readonly places: UpstreamPool;
  readonly forward: Forward;
  /** The servers that were connected to. */
  readonly servers: FramePeer[];
  readonly clock: { now: number };
}

async function onStage(
  body: (stage: Stage) => Promise<void>,
  { limits = { open: 10, waiting: 10, waitMs: 1 }, greeting = settings(), silence = TIMING } = {},
): Promise<void> {
  const clock = { now: Date.now() };
  const places = new UpstreamPool(limits);
  const sessions = new UpstreamSessions({ places, silence, now: () => clock.now });
  const servers: FramePeer[] = [];
  const connect = async () => {
    const [own, other] = await loopbackPair();
    const server = new FramePeer(other);
    servers.push(server);
    await server.send(T.SETTINGS, 0, 0, greeting);
    return own;
  };
  const forward = { key: "https://api.acme.test:443 h2", authority: "api.acme.test:443", connect };
  try {
    await body({ sessions, places, forward: forward as unknown as Forward, servers, clock });
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
  const sessions = new UpstreamSessions({
    places: new UpstreamPool(),
    silence: TIMING,
    now: Date.now,
  });
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

const ONE_STREAM = { greeting: settings([3, 1]) };

/** Answers the call, so that its place on the session is free. */
async function answer(server: FramePeer, call: Http2Stream): Promise<void> {
  await server.sendBytes(frame(T.HEADERS, F.END_HEADERS | F.END_STREAM, call.id, block(OK)));
  await call.ended;
}

Deno.test("what a server allows no more of on one connection goes to it on another", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const calls = await Promise.all([1, 2, 3].map(() => sessions.ask(client, forward, QUESTION)));
    assert.equal(servers.length, 3);
    assert.deepEqual(calls.map(({ id }) => id), [1, 1, 1]);

    await answer(servers[1]!, calls[1]!);
    assert.equal((await sessions.ask(client, forward, QUESTION)).id, 3);
    assert.equal(servers.length, 3, "a place that is free again is used again");
  }, ONE_STREAM);
});

Deno.test("many calls at once have as many connections as the server's limit makes of them", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    await Promise.all(Array.from({ length: 20 }, () => sessions.ask(client, forward, QUESTION)));
    assert.equal(servers.length, 5);
  }, { greeting: settings([3, 4]) });
});

Deno.test("where no more connections may be open, a call waits for its turn", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    const second = sessions.ask(client, forward, QUESTION);
    await answer(servers[0]!, first);
    assert.equal((await second).id, 3);
    assert.equal(servers.length, 1);
  }, { ...ONE_STREAM, limits: { open: 1, waiting: 10, waitMs: 1 } });
});

Deno.test("a call that waits for its turn takes the place that becomes free first, on whichever session", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const calls = await Promise.all([1, 2, 3].map(() => sessions.ask(client, forward, QUESTION)));
    for (const freed of [2, 0, 1]) {
      const waiting = sessions.ask(client, forward, QUESTION);
      await answer(servers[freed]!, calls[freed]!);
      assert.equal((await waiting).id, 3);
      assert.equal(servers.length, 3);
    }
  }, { ...ONE_STREAM, limits: { open: 3, waiting: 10, waitMs: 1 } });
});

Deno.test("calls that wait for a connection all have the one that comes", async () => {
  await onStage(async ({ sessions, places, forward, servers }) => {
    const leave = places.enter(forward.key)!;
    const asking = [1, 2, 3].map(() => sessions.ask(client, forward, QUESTION));
    leave();
    assert.deepEqual((await Promise.all(asking)).map(({ id }) => id), [1, 3, 5]);
    assert.equal(servers.length, 1);
  }, { limits: { open: 1, waiting: 10, waitMs: 20_000 } });
});

Deno.test("where none may be open at all, a call is refused", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    await assert.rejects(sessions.ask(client, forward, QUESTION), {
      status: 503,
      error: "TooManyConnectionsError",
    });
    assert.equal(servers.length, 0);
  }, { limits: { open: 0, waiting: 10, waitMs: 1 } });
});

Deno.test("a server that wants one connection and no other has the calls one after another", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    const refusing = { ...forward, connect: () => Promise.reject(new Error("one is enough")) };
    const second = sessions.ask(client, refusing, QUESTION);
    await answer(servers[0]!, first);
    assert.equal((await second).id, 3);
  }, ONE_STREAM);
});

Deno.test("a call that a session refused goes out on another one", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const refused = await sessions.ask(client, forward, QUESTION);
    await servers[0]!.sendBytes(frame(T.RST_STREAM, 0, refused.id, numbers(7)));
    assert.equal((await refused.ended).code, 7);

    const second = await sessions.ask(client, forward, { ...QUESTION, insteadOf: refused });
    assert.equal(second.id, 1);
    assert.equal(servers.length, 2);
  });
});

Deno.test("a connection that has ended leaves its place to another", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    for (let count = 1; count <= 3; count++) {
      const call = await sessions.ask(client, forward, QUESTION);
      servers.at(-1)!.connection.close();
      await call.ended;
    }
    assert.equal(servers.length, 3);
  }, { limits: { open: 1, waiting: 10, waitMs: 20_000 } });
});

Deno.test("a request whose client left while it waited for its turn is never sent", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    const left = Promise.withResolvers<void>();
    const leaving = { hasEnded: false, ended: left.promise };
    const never = sessions.ask(leaving as unknown as Http2Stream, forward, QUESTION);
    const fields = headOf("GET", "/stayed");
    const second = sessions.ask(client, forward, { fields, endStream: true });
    leaving.hasEnded = true;
    left.resolve();
    await assert.rejects(never, /the client has left/);
    await answer(servers[0]!, first);

    assert.equal((await second).id, 3);
    await servers[0]!.greetAsServer();
    await servers[0]!.nextOf(T.HEADERS, 1);
    const next = await servers[0]!.nextOf(T.HEADERS);
    assert.equal(next!.streamId, 3);
    assert.ok(new TextDecoder("latin1").decode(next!.payload).includes("/stayed"));
  }, { ...ONE_STREAM, limits: { open: 1, waiting: 10, waitMs: 1 } });
});

Deno.test("a server that has a waiting request look again and again does not pile anything up", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    const first = await sessions.ask(client, forward, QUESTION);
    let heard = 0;
    const ended = { then: () => (heard++, ended) };
    const waiting = { hasEnded: false, ended } as unknown as Http2Stream;
    const second = sessions.ask(waiting, forward, QUESTION);
    await servers[0]!.greetAsServer(settings([3, 1]));
    for (let count = 0; count < 100; count++) {
      await servers[0]!.send(T.SETTINGS, 0, 0, settings([3, 1]));
      await servers[0]!.settle();
    }
    assert.ok(heard < 10, `${heard} times`);
    await answer(servers[0]!, first);
    assert.equal((await second).id, 3);
  }, { ...ONE_STREAM, limits: { open: 1, waiting: 10, waitMs: 1 } });
});

Deno.test("clients that leave while a connection is on its way have one between them", async () => {
  await onStage(async ({ sessions, forward }) => {
    // From here on it is known that the server allows one stream for each connection.
    await Promise.all([1, 2].map(() => sessions.ask(client, forward, QUESTION)));
    let begun = 0;
    const coming = Promise.withResolvers<never>();
    const slow = { ...forward, connect: () => (begun++, coming.promise) };
    for (let count = 0; count < 5; count++) {
      const left = Promise.withResolvers<void>();
      const leaving = { hasEnded: false, ended: left.promise };
      const never = sessions.ask(leaving as unknown as Http2Stream, slow, QUESTION);
      leaving.hasEnded = true;
      left.resolve();
      await assert.rejects(never, /the client has left/);
    }
    assert.equal(begun, 1);
    coming.reject(new Error("too late"));
  }, ONE_STREAM);
});

Deno.test("a session that takes its time to say that it is there gets no more calls", async () => {
  await onStage(async ({ sessions, forward, servers }) => {
    await sessions.ask(client, forward, QUESTION);
    const [first] = servers;
    await first!.greetAsServer(settings([3, 10_000]));
    // It reads, and answers nothing.
    await first!.nextOf(T.PING);
    for (;;) {
      await sessions.ask(client, forward, QUESTION);
      if (servers.length > 1) break;
      await first!.nextOf(T.HEADERS);
    }
  }, { silence: { ...TIMING, silentMs: 1, pingMs: 60_000 } });
});

const TWO_PLACES = { ...ONE_STREAM, limits: { open: 2, waiting: 1, waitMs: 20_000 } };

/** The one call that a session takes, where it is known that it takes one. */
async function occupy({ sessions, forward, servers }: Stage): Promise<Http2Stream> {
  const call = await sessions.ask(client, forward, QUESTION);
  await answer(servers[0]!, call);
  return await sessions.ask(client, forward, QUESTION);
}

/** Has the run's other place until it is called. */
function takePlace({ places, forward }: Stage): () => void {
  return places.enter(forward.key)!;
}

Deno.test("a call that waits for a stream takes a place of the run that becomes free", async () => {
  await onStage(async (stage) => {
    const { sessions, forward, servers } = stage;
    const leave = takePlace(stage);
    await occupy(stage);
    const waiting = sessions.ask(client, forward, QUESTION);
    leave();
    assert.equal((await waiting).id, 1);
    assert.equal(servers.length, 2);
  }, TWO_PLACES);
});

Deno.test("a call that has its stream leaves the queue for places to others", async () => {
  await onStage(async (stage) => {
    const { sessions, places, forward, servers } = stage;
    const leave = takePlace(stage);
    const first = await occupy(stage);
    const second = sessions.ask(client, forward, QUESTION);
    await assert.rejects(places.awaitPlace(forward), { status: 503 });
    await answer(servers[0]!, first);
    assert.equal((await second).id, 5);

    const other = places.awaitPlace(forward);
    leave();
    await other;
    assert.equal(servers.length, 1);
  }, TWO_PLACES);
});

Deno.test("a place that comes when the client has left is the next one's", async () => {
  await onStage(async (stage) => {
    const { sessions, forward, servers } = stage;
    const leave = takePlace(stage);
    await occupy(stage);
    const left = Promise.withResolvers<void>();
    const leaving = { hasEnded: false, ended: left.promise };
    const never = sessions.ask(leaving as unknown as Http2Stream, forward, QUESTION);
    const second = sessions.ask(client, forward, QUESTION);
    leaving.hasEnded = true;
    left.resolve();
    await assert.rejects(never, /the client has left/);
    leave();
    assert.equal((await second).id, 1);
    assert.equal(servers.length, 2);
  }, TWO_PLACES);
});
