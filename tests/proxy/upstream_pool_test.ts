import assert from "node:assert/strict";
import type { Duplex } from "../../proxy/duplex.ts";
import { Refusal } from "../../proxy/fail_closed.ts";
import { UpstreamPool } from "../../proxy/upstream_pool.ts";

/** A connection on which nothing ever comes. */
function silent(): Duplex & { isClosed: boolean } {
  const closed = Promise.withResolvers<null>();
  return {
    isClosed: false,
    read: () => closed.promise,
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close() {
      this.isClosed = true;
      closed.resolve(null);
    },
  };
}

const to = (connect: () => Promise<Duplex> = () => Promise.resolve(silent())) => ({
  key: "https://a.test:443",
  authority: "a.test:443",
  connect,
});
const LIMITS = { open: 2, waiting: 1, waitMs: 60_000 };
const shared = { mustBeNew: false };

const is503 = (error: unknown) =>
  error instanceof Refusal && error.status === 503 && error.error === "TooManyConnectionsError";

Deno.test("a request waits for a connection to come back, and reuses it", async () => {
  const pool = new UpstreamPool(LIMITS);
  const [first] = [await pool.open(to(), shared), await pool.open(to(), shared)];

  const waiting = pool.open(to(), shared);
  pool.give(first.upstream);
  const reused = await waiting;

  assert.equal(reused.upstream, first.upstream);
  assert.equal(reused.isReused, true);
  reused.upstream.close();
  pool.close();
});

Deno.test("a request waits for a connection to be closed, and opens its own", async () => {
  const pool = new UpstreamPool(LIMITS);
  const [first] = [await pool.open(to(), shared), await pool.open(to(), shared)];

  const waiting = pool.open(to(), shared);
  first.upstream.close();
  // A second close frees no second place.
  first.upstream.close();

  const second = await waiting;
  assert.equal(second.isReused, false);
  const next = pool.open(to(), shared);
  await assert.rejects(pool.open(to(), shared), is503);
  second.upstream.close();
  await next;
});

Deno.test("more requests than may wait get 503 at once", async () => {
  const pool = new UpstreamPool(LIMITS);
  const first = await pool.open(to(), shared);
  await pool.open(to(), shared);
  const waiting = pool.open(to(), shared);

  await assert.rejects(pool.open(to(), shared), is503);

  first.upstream.close();
  await waiting;
});

Deno.test("a request that waits too long gets 503", async () => {
  const pool = new UpstreamPool({ ...LIMITS, waitMs: 1 });
  await pool.open(to(), shared);
  await pool.open(to(), shared);

  await assert.rejects(pool.open(to(), shared), is503);
});

Deno.test("an idle connection makes room for one that nobody shares", async () => {
  const pool = new UpstreamPool(LIMITS);
  const idle = silent();
  const first = await pool.open(to(() => Promise.resolve(idle)), shared);
  await pool.open(to(), shared);
  pool.give(first.upstream);

  const own = await pool.open(to(), { mustBeNew: true });

  assert.equal(own.isReused, false);
  assert.equal(idle.isClosed, true);
  pool.close();
});

Deno.test("a connection that fails to open takes no place", async () => {
  const pool = new UpstreamPool(LIMITS);
  for (let i = 0; i < 5; i++) {
    await assert.rejects(
      pool.open(to(() => Promise.reject(new Error("refused"))), shared),
      /refused/,
    );
  }
  assert.equal((await pool.open(to(), shared)).isReused, false);
});

Deno.test("the limit is for each server: another one is not touched", async () => {
  const pool = new UpstreamPool({ ...LIMITS, open: 1, waiting: 0 });
  await pool.open(to(), shared);
  await assert.rejects(pool.open(to(), shared), is503);
  assert.equal((await pool.open({ ...to(), key: "https://b.test:443" }, shared)).isReused, false);
});

for (const [what, minutes] of [["an hour of sleep", 60], ["a clock set back", -60]] as const) {
  Deno.test(`after ${what} no idle connection is trusted`, async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const pool = new UpstreamPool(LIMITS, () => now);
    const connection = silent();
    const { upstream } = await pool.open(to(() => Promise.resolve(connection)), shared);
    pool.give(upstream);

    now += minutes * 60_000;

    assert.equal(pool.take(upstream.key), undefined);
    assert.ok(connection.isClosed);
    pool.close();
  });
}

Deno.test("a connection that was prepared serves the request that comes meanwhile", async () => {
  const pool = new UpstreamPool(LIMITS);
  const opened = Promise.withResolvers<Duplex>();
  let dialled = 0;
  const server = to(() => {
    dialled++;
    return opened.promise;
  });

  pool.prepare(server);
  pool.prepare(server);
  const asked = pool.open(server, shared);
  opened.resolve(silent());
  const { upstream, isReused } = await asked;

  assert.equal(dialled, 1);
  assert.equal(isReused, false);
  upstream.close();
  pool.close();
});

Deno.test("how a prepared connection fails, the request that waits for it is told", async () => {
  const pool = new UpstreamPool({ ...LIMITS, open: 1 });
  const opened = Promise.withResolvers<Duplex>();

  pool.prepare(to(() => opened.promise));
  const asked = pool.open(to(), shared);
  opened.reject(new Error("refused"));

  await assert.rejects(asked, /refused/);
  // Its place is free again.
  const { upstream } = await pool.open(to(), shared);
  upstream.close();
  pool.close();
});

Deno.test("a prepared connection that nobody asks for waits in the pool", async () => {
  const pool = new UpstreamPool(LIMITS);
  const connection = silent();
  const read = connection.read;
  const watched = Promise.withResolvers<void>();
  // An idle connection has a read outstanding.
  connection.read = (buffer) => {
    watched.resolve();
    return read(buffer);
  };

  pool.prepare(to(() => Promise.resolve(connection)));
  await watched.promise;

  assert.equal(pool.take(to().key)?.connection, connection);
  connection.close();
  pool.close();
});

/** What a run leaves at a server that it has finished with. */
const WAYS_TO_END: Record<string, (pool: UpstreamPool, key: string) => Promise<void>> = {
  "its connection is closed": async (pool, key) => {
    (await pool.open({ ...to(), key }, shared)).upstream.close();
  },
  "its connection cannot be opened": async (pool, key) => {
    const refused = { ...to(() => Promise.reject(new Error("refused"))), key };
    await assert.rejects(pool.open(refused, shared));
  },
  "an idle connection is ended by the server": async (pool, key) => {
    const connection = silent();
    const { upstream } = await pool.open({ ...to(() => Promise.resolve(connection)), key }, shared);
    pool.give(upstream);
    const ended = Promise.withResolvers<void>();
    const onActivity = upstream.reader.onActivity!;
    upstream.reader.onActivity = () => ended.resolve(onActivity());
    connection.close();
    await ended.promise;
  },
  "an idle connection is too old": async (pool, key) => {
    const { upstream } = await pool.open({ ...to(), key }, shared);
    pool.give(upstream);
    upstream.idleSince = 0;
    assert.equal(pool.take(key), undefined);
  },
  "a connection is given back that was closed meanwhile": async (pool, key) => {
    const { upstream } = await pool.open({ ...to(), key }, shared);
    upstream.close();
    pool.give(upstream);
  },
  "a prepared connection fails": async (pool, key) => {
    const opened = Promise.withResolvers<Duplex>();
    pool.prepare({ ...to(() => opened.promise), key });
    const asked = pool.open({ ...to(), key }, shared);
    opened.reject(new Error("refused"));
    await assert.rejects(asked);
  },
  "a place is left": (pool, key) => Promise.resolve(pool.enter(key)!()),
  "a place is waited for in vain": async (pool, key) => {
    const [leave, other] = [pool.enter(key)!, pool.enter(key)!];
    await assert.rejects(pool.awaitPlace({ key, authority: "a.test:443" }), is503);
    leave();
    other();
  },
  "a queue for a place is left": (pool, key) => {
    const [leave, other] = [pool.enter(key)!, pool.enter(key)!];
    const leaveQueue = pool.queueForPlace(key, () => {})!;
    leave();
    other();
    leaveQueue();
    return Promise.resolve();
  },
  "nothing is there to take": (pool, key) => {
    assert.equal(pool.take(key), undefined);
    return Promise.resolve();
  },
};

for (const [how, end] of Object.entries(WAYS_TO_END)) {
  Deno.test(`a server that is finished with is forgotten: ${how}`, async () => {
    const pool = new UpstreamPool({ ...LIMITS, waitMs: 1 });

    for (let i = 0; i < 3; i++) await end(pool, `https://made-up-${i}.test:443`);

    assert.equal(pool.size, 0);
    pool.close();
  });
}

Deno.test("a server is remembered as long as anything of it is open or waited for", async () => {
  const pool = new UpstreamPool({ ...LIMITS, open: 1 });
  const first = await pool.open(to(), shared);
  const waiting = pool.open(to(), { mustBeNew: true });

  first.upstream.close();
  const second = await waiting;

  // The place that became free is counted where it was waited for: there is one, and it is taken.
  assert.equal(pool.size, 1);
  assert.equal(pool.enter(to().key), null);
  second.upstream.close();
  assert.equal(pool.size, 0);
  pool.close();
});

Deno.test("a pool that is closed keeps no idle connection, and knows no server", async () => {
  const pool = new UpstreamPool(LIMITS);
  for (const key of ["https://a.test:443", "https://b.test:443"]) {
    pool.give((await pool.open({ ...to(), key }, shared)).upstream);
  }
  const late = await pool.open(to(), { mustBeNew: true });

  pool.close();
  pool.give(late.upstream);

  assert.equal(pool.size, 0);
});
