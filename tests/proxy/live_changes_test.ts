/** Logins, logouts and a daemon that dies, while the child runs. */
import assert from "node:assert/strict";
import type { ProxyRoutes, ResolvedCredential } from "../../core/api.ts";
import { GrantDeniedError } from "../../core/errors.ts";
import { LiveRoutes } from "../../proxy/routes.ts";
import { bearer, FakeDaemon, makeCredential, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startTlsUpstream, type TlsUpstream } from "../support/tls_upstream.ts";
import { until } from "../support/until.ts";

const HOST = "api.acme.test";

async function withApi(
  daemon: FakeDaemon,
  body: (test: TestProxy, api: TlsUpstream) => Promise<void>,
  respond?: Parameters<typeof startTlsUpstream>[1],
): Promise<void> {
  const api = startTlsUpstream([HOST], respond);
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  try {
    await body(test, api);
  } finally {
    await test.close();
    await api.close();
  }
}

async function get(test: TestProxy, path = "/"): Promise<{ status: number; body: string }> {
  const client = await test.tunnel(HOST);
  await client.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer mine\r\n\r\n`);
  const { head, body } = await client.readAnswer();
  client.close();
  return { status: Number(head.slice(9, 12)), body };
}

Deno.test("the daemon is asked once while the change stream is open and nothing changes", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test) => {
    for (let i = 0; i < 3; i++) await get(test);
  });
  assert.equal(daemon.asked.length, 1);
  assert.deepEqual(daemon.asked[0], {
    provider: "acme",
    connection: "default",
    host: HOST,
    port: 443,
    path: "/",
    method: "GET",
  });
});

Deno.test("the query of a request is not told to the daemon", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test) => void await get(test, "/a/b?secret=1"));
  assert.equal(daemon.asked[0]!.path, "/a/b");
});

Deno.test("a change empties the cache: the next request has the new credential", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test, api) => {
    await get(test);
    daemon.resolve = (request) => makeCredential(request, [bearer("rotated")]);
    daemon.change();
    await get(test);
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      ["Bearer the-real-key", "Bearer rotated"],
    );
  });
});

Deno.test("a change is confirmed once nothing from before is used any more", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test, api) => {
    await get(test);
    daemon.resolve = (request) => makeCredential(request, [bearer("rotated")]);
    daemon.change();
    await until(() => daemon.confirmed.includes(daemon.revision));
    await get(test);
    assert.equal(api.requests.at(-1)!.headers.get("authorization"), "Bearer rotated");
  });
});

Deno.test("what was asked before a change and answered after it is neither used nor kept", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test, api) => {
    const late = Promise.withResolvers<ResolvedCredential>();
    daemon.resolve = () => late.promise;
    const first = get(test);
    await until(() => daemon.asked.length === 1);
    daemon.resolve = (request) => makeCredential(request, [bearer("rotated")]);
    daemon.change();
    await until(() => daemon.confirmed.includes(daemon.revision));

    late.resolve(makeCredential(daemon.asked[0]!, [bearer("the-key-before")]));
    await first;
    await get(test);

    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      ["Bearer rotated", "Bearer rotated"],
    );
    assert.equal(daemon.asked.length, 2, "the answer after the change is kept");
  });
});

Deno.test("changes while one is being confirmed are confirmed together, by the last", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async () => {
    const held = Promise.withResolvers<void>();
    daemon.holdConfirmations = held.promise;
    daemon.change();
    const first = daemon.revision;
    await until(() => daemon.confirming === 1);
    const seen = daemon.eventsSeen;
    for (let i = 0; i < 5; i++) daemon.change();
    await until(() => daemon.eventsSeen >= seen + 5);

    held.resolve();
    await until(() => daemon.confirmed.length === 2);

    assert.deepEqual(daemon.confirmed, [first, daemon.revision]);
  });
});

Deno.test("a change that comes as the one before is confirmed is confirmed, too", async () => {
  const daemon = new FakeDaemon();
  const confirmChanges = daemon.confirmChanges.bind(daemon);
  const inTurns = async (turns: number) => {
    for (let i = 0; i < turns; i++) await null;
  };
  // Before the answer, with it and behind it: once it meets the end of the work.
  let turns = 0;
  daemon.confirmChanges = async (revision) => {
    if (turns < 40) void inTurns(turns++).then(() => daemon.change());
    await inTurns(20);
    return await confirmChanges(revision);
  };
  await withApi(daemon, async () => {
    daemon.change();
    const first = daemon.revision;
    await until(() => daemon.confirmed.includes(first + 40));
  });
});

Deno.test("the end of the grant is confirmed by leaving the stream", async () => {
  const daemon = new FakeDaemon();
  const ended = () => new GrantDeniedError("Cannot use the grant: it has been ended");
  await withApi(daemon, async (test, api) => {
    await get(test);
    daemon.resolve = () => Promise.reject(ended());
    daemon.revive = () => Promise.reject(ended());
    daemon.end();
    await until(() => daemon.streams === 0);

    assert.equal((await get(test)).status, 502);
    assert.equal(api.requests.length, 1);
  });
});

Deno.test("of two loads of the routes the one that was asked for last counts", async () => {
  const daemon = new FakeDaemon([makeRoute({ connection: "first" })]);
  const note = () => {};
  const routes = new LiveRoutes(daemon, daemon.snapshot(), note);
  const late = Promise.withResolvers<ProxyRoutes>();
  const slow = { ...daemon.snapshot(), revision: 2 };
  const answers = [late.promise, Promise.resolve({ ...slow, routes: [makeRoute()], revision: 3 })];
  daemon.proxyRoutes = () => answers.shift()!;

  routes.reload(2, false);
  routes.reload(3, false);
  await routes.settled();
  late.resolve(slow);
  await late.promise;
  await Promise.resolve();

  assert.equal(routes.match(HOST, "/", 443)?.route.connection, "default");
});

Deno.test("a request that waits for routes waits for those that were asked for last", async () => {
  const daemon = new FakeDaemon([makeRoute({ connection: "before" })]);
  const routes = new LiveRoutes(daemon, daemon.snapshot(), () => {});
  const [first, second] = Array.from({ length: 2 }, () => Promise.withResolvers<ProxyRoutes>());
  const answers = [first!.promise, second!.promise];
  daemon.proxyRoutes = () => answers.shift()!;

  routes.reload(2, false);
  const used = routes.settled()!.then(() => routes.match(HOST, "/", 443)?.route.connection);
  routes.reload(3, false);
  first!.resolve({ ...daemon.snapshot(), revision: 2 });
  for (let turns = 0; turns < 20; turns++) await null;
  second!.resolve({
    ...daemon.snapshot(),
    routes: [makeRoute({ connection: "now" })],
    revision: 3,
  });

  assert.equal(await used, "now");
});

Deno.test("routes that cannot be loaded are asked for again: until then nothing goes out by the old ones", async () => {
  const daemon = new FakeDaemon();
  const proxyRoutes = daemon.proxyRoutes.bind(daemon);
  const tried = Promise.withResolvers<void>();
  daemon.proxyRoutes = () => {
    tried.resolve();
    return Promise.reject(new Error("the disk is busy"));
  };
  await withApi(daemon, async (test, api) => {
    await daemon.streamOpened();
    daemon.resolve = (request) => {
      if (request.connection === "work") return makeCredential(request, [bearer("of-work")]);
      throw new GrantDeniedError("Cannot use acme/default: this run was granted another");
    };
    daemon.change([makeRoute({ connection: "work" })]);
    await tried.promise;
    const before = await get(test);
    daemon.proxyRoutes = proxyRoutes;
    await until(async () => (await get(test)).status === 200);

    assert.equal(before.status, 502);
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      ["Bearer of-work"],
    );
  });
});

Deno.test("after a logout the next request goes without, on an open connection too", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test, api) => {
    const client = await test.tunnel(HOST);
    const ask = async () => {
      await client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await client.readAnswer();
    };
    await ask();
    daemon.change([]);
    await ask();
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.get("authorization")),
      ["Bearer the-real-key", null],
    );
    // A new connection is a tunnel: the run's authority does not speak for it any more.
    await assert.rejects(test.tunnel(HOST));
  });
});

Deno.test("a login during the run takes effect with the next connection", async () => {
  const daemon = new FakeDaemon([makeRoute({ host: "other.acme.test" }), makeRoute()]);
  const known = daemon.routes;
  await withApi(daemon, async (test, api) => {
    daemon.change(known.slice(0, 1));
    await until(async () => (await test.tunnel(HOST).catch(() => null)) === null);
    daemon.change(known);
    await get(test);
    assert.equal(api.requests.at(-1)!.headers.get("authorization"), "Bearer the-real-key");
  });
});

Deno.test("a provider added after the run began is said, not decrypted with a useless certificate", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test) => {
    daemon.change([makeRoute(), makeRoute({ host: "new.example" })]);
    const { head, raw } = await test.connect("new.example:443");
    assert.match(head, /^HTTP\/1.1 502 /);
    assert.match(await raw.readAll(), /added after this run began/);
  });
});

Deno.test("an answer is not reused past its expiry", async () => {
  const daemon = new FakeDaemon();
  // The last minute does not count, so this is asked for every time.
  const soon = new Date(Date.now() + 30_000).toISOString();
  daemon.resolve = (request) => makeCredential(request, [bearer("short")], soon);
  await withApi(daemon, async (test) => {
    await get(test);
    await get(test);
  });
  assert.equal(daemon.asked.length, 2);
});

Deno.test("a daemon that dies: fail closed with a hint, and it works again when it is back", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test, api) => {
    await get(test);
    daemon.goDown();

    const { status, body } = await get(test);
    assert.equal(status, 502);
    assert.deepEqual(JSON.parse(body), {
      error: "DaemonUnavailableError",
      message: "Cannot reach the daemon: nothing answers there",
      hint: "Run: authsome daemon start",
    });
    assert.equal(api.requests.length, 1);

    daemon.comeUp();
    assert.equal((await get(test)).status, 200);
    await daemon.streamOpened();
    assert.ok(daemon.revivals > 0);
    assert.equal(api.requests.at(-1)!.headers.get("authorization"), "Bearer the-real-key");
  });
});

Deno.test("a grant that ran out while the machine slept is asked for again, once for all requests", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = (request) => {
    if (daemon.revivals === 0) throw new GrantDeniedError("Cannot use the grant: it has expired");
    return makeCredential(request, [bearer("the-real-key")]);
  };
  await withApi(daemon, async (test, api) => {
    const answers = await Promise.all([get(test), get(test), get(test)]);

    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    for (const { headers } of api.requests) {
      assert.equal(headers.get("authorization"), "Bearer the-real-key");
    }
  });
  assert.equal(daemon.revivals, 1);
});

Deno.test("a grant that somebody ended stays ended: nothing goes out", async () => {
  const daemon = new FakeDaemon();
  const ended = () => new GrantDeniedError("Cannot use the grant: it has been ended");
  daemon.resolve = () => Promise.reject(ended());
  daemon.revive = () => Promise.reject(ended());
  await withApi(daemon, async (test, api) => {
    const { status, body } = await get(test);

    assert.equal(status, 502);
    assert.match(body, /it has been ended/);
    assert.equal(api.requests.length, 0);
  });
});

Deno.test("with a broken stream the daemon is asked for every request", async () => {
  const daemon = new FakeDaemon();
  daemon.revive = () => Promise.reject(new Error("not yet"));
  await withApi(daemon, async (test) => {
    await get(test);
    daemon.goDown();
    await until(async () => (await get(test)).status === 502);
    daemon.comeUp();
    const before = daemon.asked.length;
    await get(test);
    await get(test);
    assert.equal(daemon.asked.length - before, 2);
  });
});

Deno.test("a 401 for a token that can expire: refreshed once, sent again with its body", async () => {
  const daemon = new FakeDaemon();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  daemon.resolve = (request) =>
    makeCredential(request, [bearer(request.rejected_at === undefined ? "old" : "new")], later);
  const api401 = ({ headers }: { headers: Headers }) =>
    new Response("done", { status: headers.get("authorization") === "Bearer new" ? 200 : 401 });
  await withApi(daemon, async (test, api) => {
    const client = await test.tunnel(HOST);
    await client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\nhello`);
    assert.match((await client.readAnswer()).head, /^HTTP\/1.1 200 /);
    assert.deepEqual(
      api.requests.map(({ headers, body }) => [headers.get("authorization"), body]),
      [["Bearer old", "hello"], ["Bearer new", "hello"]],
    );
  }, api401);
});

Deno.test("a 401 that the daemon has no other token for reaches the client, asked once", async () => {
  const daemon = new FakeDaemon();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  daemon.resolve = (request) => makeCredential(request, [bearer("same")], later);
  await withApi(daemon, async (test, api) => {
    assert.equal((await get(test)).status, 401);
    assert.equal(api.requests.length, 1);
  }, () => new Response("no", { status: 401 }));
});

Deno.test("a 401 for a token that tells no expiry and can be refreshed: refreshed once", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = (request) => ({
    ...makeCredential(request, [bearer(request.rejected_at === undefined ? "old" : "new")]),
    refreshable: true,
  });
  const api401 = ({ headers }: { headers: Headers }) =>
    new Response("done", { status: headers.get("authorization") === "Bearer new" ? 200 : 401 });
  await withApi(daemon, async (test, api) => {
    assert.equal((await get(test)).status, 200);
    assert.equal(api.requests.length, 2);
  }, api401);
});

Deno.test("a 401 for a key is the client's: keys are not refreshed", async () => {
  const daemon = new FakeDaemon();
  await withApi(daemon, async (test) => {
    assert.equal((await get(test)).status, 401);
  }, () => new Response("no", { status: 401 }));
  assert.equal(daemon.asked.length, 1);
});

Deno.test("a tie between providers is said out loud, once", async () => {
  const daemon = new FakeDaemon([
    makeRoute({ provider: "older", default_since: "2026-01-01T00:00:00Z" }),
    makeRoute({ provider: "newer", default_since: "2026-02-01T00:00:00Z" }),
  ]);
  await withApi(daemon, async (test) => {
    await get(test);
    await get(test);
    assert.deepEqual(test.notes, [
      "api.acme.test: newer/default is used (made default last), not older/default; choose with --only",
    ]);
  });
  assert.equal(daemon.asked[0]!.provider, "newer");
});

Deno.test("a tie at hosts that a program makes up is not said for each of them", async () => {
  const notes: string[] = [];
  const host = "*.acme.test";
  const daemon = new FakeDaemon([
    makeRoute({ host, provider: "older", default_since: "2026-01-01T00:00:00Z" }),
    makeRoute({ host, provider: "newer", default_since: "2026-02-01T00:00:00Z" }),
  ]);
  const routes = new LiveRoutes(daemon, daemon.snapshot(), (line) => void notes.push(line));

  for (let n = 0; n < 2_000; n++) routes.match(`made-up-${n}.acme.test`, "/", 443);
  await routes.close();

  assert.ok(notes.length <= 51, `${notes.length} lines`);
});

Deno.test("a token endpoint at a routed host gets no credential", async () => {
  const daemon = new FakeDaemon([
    makeRoute({ auth_endpoints: [{ host: HOST, path: "/oauth/token" }] }),
  ]);
  await withApi(daemon, async (test, api) => {
    await get(test, "/oauth/token");
    assert.equal(api.requests[0]!.headers.get("authorization"), "Bearer mine");
  });
  assert.equal(daemon.asked.length, 0);
});
