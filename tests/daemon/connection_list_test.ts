/**
 * `GET /connections` with a query: parts of the list, and questions that make no sense.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { ConnectionList } from "../../core/api.ts";
import { type Client, logIn, openTestDaemon, registerOwner } from "./support/test_daemon.ts";

async function open(): Promise<{ owner: Client } & AsyncDisposable> {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  for (const name of ["work", "home", "spare"]) await logIn(owner, "acme", undefined, name);
  return { owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

Deno.test("GET /connections?limit= leaves connections out and counts them", async () => {
  await using home = await open();

  const { connections } = await home.owner.json<ConnectionList>("GET", "/connections?limit=2");

  const [acme] = connections;
  deepEqual(acme!.connections.map(({ connection_name }) => connection_name), ["home", "spare"]);
  deepEqual([acme!.connection_count, acme!.default_connection], [3, "work"]);
});

Deno.test("GET /connections?limit=0 gives the counts alone", async () => {
  await using home = await open();

  const { connections } = await home.owner.json<ConnectionList>("GET", "/connections?limit=0");

  deepEqual(connections, [
    { name: "acme", default_connection: "work", connection_count: 3, connections: [] },
  ]);
});

Deno.test("GET /connections?provider= lists that provider, and nothing of one without any", async () => {
  await using home = await open();

  const acme = await home.owner.json<ConnectionList>("GET", "/connections?provider=acme");
  const none = await home.owner.json<ConnectionList>("GET", "/connections?provider=nobody");

  equal(acme.connections[0]!.connections.length, 3);
  deepEqual(none, { connections: [] });
});

for (
  const query of [
    "limit=-1",
    "limit=1.5",
    "limit=1e3",
    "limit=1000001",
    "limit=",
    "provider=../x",
    "provider=",
    "provider=Acme",
    "offset=1",
    "limit=1&limit=x&color=red",
  ]
) {
  Deno.test(`GET /connections?${query} is refused with its place`, async () => {
    await using home = await open();

    const answer = await home.owner.call("GET", `/connections?${query}`);

    const body = await answer.json();
    deepEqual([answer.status, body.error], [422, "InvalidRequestError"]);
    equal(query.includes(body.issues[0].path), true);
  });
}
