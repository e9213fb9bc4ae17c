/**
 * Grants and the stream that tells a run's proxy of changes.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { CreatedGrant, GrantItem, ProxyRoutes } from "../../core/api.ts";
import { readEvents, type ServerSentEvent } from "../../client/event_stream.ts";
import { watchChanges } from "../../daemon/broker/watch_changes.ts";
import { readGrant } from "../../daemon/records/grants.ts";
import {
  CANARY,
  type Client,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("a grant is shown as it was asked for, lasts an hour, and outlives a restart", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  const only = [{ provider: "acme", connection: null }];

  const { run, grant: created } = await grantRun(home.daemon, home.owner, {
    only,
    label: "python3",
  });
  const { proxy, ...grant } = created as CreatedGrant;
  const restarted = await openTestDaemon({ vault: home.daemon.vault });
  const self = await home.owner.json<GrantItem>("GET", `/grants/${grant.id}`);

  deepEqual(grant, {
    id: grant.id,
    run_did: run.signer.did,
    label: "python3",
    only,
    connections: {},
    created_at: "2026-03-01T12:00:00.000Z",
    expires_at: "2026-03-01T13:00:00.000Z",
    ended_at: null,
  });
  deepEqual(self, grant);
  // What the run would ask next comes with the answer.
  deepEqual(proxy, await run.json("GET", "/proxy/routes"));
  equal(restarted.vault, home.daemon.vault);
  await restarted.stop();
});

// The sanitizer finds a timer that is left behind.
Deno.test("a stream that is left while its renewed grant is read leaves nothing behind", async () => {
  await using home = await open();
  const { broker, vault } = home.daemon;
  const { grant: { id } } = await grantRun(home.daemon, home.owner);
  const leaving = new AbortController();
  const opened = Promise.withResolvers<void>();
  const get = vault.get.bind(vault);
  const grant = (await readGrant(vault, id))!;
  const watching = watchChanges(
    broker,
    { type: "run", grant },
    () => opened.resolve(),
    leaving.signal,
  );
  await opened.promise;

  const [reading, held, read] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  vault.get = async (key) => {
    reading!.resolve();
    await held!.promise;
    return await get(key).finally(() => setTimeout(read!.resolve));
  };
  broker.changes.publish({ type: "grant", grant_id: id, ended: false });
  await reading!.promise;
  leaving.abort();
  await watching;
  held!.resolve();
  await read!.promise;
});

Deno.test("a grant can be renewed while it is in force, and never after", async () => {
  await using home = await open();
  const { grant } = await grantRun(home.daemon, home.owner, { expires_in: 60 });

  const renewed = await home.owner.json<GrantItem>("POST", `/grants/${grant.id}/renew`, {
    expires_in: 600,
  });
  home.daemon.clock.now = new Date(home.daemon.clock.now.getTime() + 600_000);
  const late = await home.owner.call("POST", `/grants/${grant.id}/renew`, { expires_in: 600 });

  equal(renewed.expires_at, "2026-03-01T12:10:00.000Z");
  equal(late.status, 403);
});

Deno.test("a grant for what does not exist is refused, with the nearest name", async () => {
  await using home = await open();
  const run_did = home.owner.signer.did;

  const provider = await home.owner.call("POST", "/grants", {
    run_did,
    only: [{ provider: "acmee", connection: null }],
  });
  const connection = await home.owner.call("POST", "/grants", {
    run_did,
    connections: { acme: "work" },
  });
  const key = await home.owner.call("POST", "/grants", { run_did: "did:key:zNoKey" });

  equal((await provider.json()).hint, "Did you mean acme?");
  equal((await connection.json()).error, "ConnectionNotFoundError");
  equal(key.status, 422);
});

Deno.test("a run ends its own grant, and another's looks like none", async () => {
  await using home = await open();
  const first = await grantRun(home.daemon, home.owner);
  const second = await grantRun(home.daemon, home.owner);

  const foreign = await first.run.call("DELETE", `/grants/${second.grant.id}`);
  const own = await first.run.json<GrantItem>("DELETE", "/grants/self");

  equal(foreign.status, 403);
  equal(own.ended_at, "2026-03-01T12:00:00.000Z");
  equal((await first.run.call("GET", "/proxy/routes")).status, 403);
  equal((await second.run.call("GET", "/proxy/routes")).status, 200);
});

Deno.test("the stream tells the revision at once, and again after each change", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  const first = await events.next();

  await logIn(home.owner, "acme");
  const login = await events.next();
  const routes = await run.json<ProxyRoutes>("GET", "/proxy/routes");
  await home.owner.json("POST", "/connections/acme/default/logout", {});
  const logout = await events.next();

  deepEqual([first.event, login.event, logout.event], ["change", "change", "change"]);
  equal(revision(login) > revision(first), true);
  equal(routes.revision, revision(login));
  equal(revision(logout) > revision(login), true);
});

Deno.test("after the change was told, the next resolve already goes without", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  const { run } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  await events.next();
  const request = { provider: "acme", host: "api.acme.test", path: "/", method: "GET" };
  equal(
    (await (await run.call("POST", "/credentials/resolve", request)).text()).includes(CANARY),
    true,
  );

  await home.owner.json("POST", "/connections/acme/default/logout", {});
  await events.next();
  const after = await run.call("POST", "/credentials/resolve", request);

  equal(after.status, 409);
  await after.body?.cancel();
});

Deno.test("the stream ends when the grant ends", async () => {
  await using home = await open();
  const { run, grant } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  await events.next();

  await home.owner.json("DELETE", `/grants/${grant.id}`);

  deepEqual(await events.rest(), ["ended"]);
});

Deno.test("the stream ends when the grant expires", async () => {
  await using home = await open();
  const { run, grant } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  await events.next();

  home.daemon.clock.now = new Date(Date.parse(grant.expires_at));
  // What a renewal that came too late would do: the stream looks at the grant again.
  home.daemon.broker.changes.publish({ type: "grant", grant_id: grant.id, ended: false });

  deepEqual(await events.rest(), ["ended"]);
});

Deno.test("the stream ends without a word when the daemon stops: nobody may trust it further", async () => {
  const home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  await events.next();

  await home.daemon.stop();

  deepEqual(await events.rest(), []);
});

Deno.test("a run hears nothing of another vault's changes", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using events = await listen(run);
  await events.next();

  const { changes } = home.daemon.broker;
  changes.publish({ type: "connections", vault_id: "vault_000000000000", provider: "acme" });
  changes.publish({ type: "providers" });

  equal(revision(await events.next()), changes.revision);
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

async function open(): Promise<Home> {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  return { daemon, owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

/** The stream of a run, event by event. */
async function listen(run: Client) {
  const response = await run.call("GET", "/proxy/events");
  equal(response.headers.get("content-type"), "text/event-stream");
  const events = readEvents(response.body!)[Symbol.asyncIterator]();
  return {
    next: async (): Promise<ServerSentEvent> => (await events.next()).value!,
    rest: async () => {
      const names: string[] = [];
      for (let next = await events.next(); !next.done; next = await events.next()) {
        names.push(next.value.event);
      }
      return names;
    },
    [Symbol.asyncDispose]: async () => void await events.return?.(undefined),
  };
}

function revision({ data }: ServerSentEvent): number {
  return JSON.parse(data).revision;
}
