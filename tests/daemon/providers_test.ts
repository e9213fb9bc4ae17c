/**
 * Definitions over the API: list, register, replace, remove, reset.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type {
  ConnectionList,
  ProviderChange,
  ProviderItem,
  ProviderList,
  ProviderNames,
} from "../../core/api.ts";
import type { ErrorEnvelope } from "../../core/errors.ts";
import {
  type Client,
  logIn,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

const MINE = {
  ...PROVIDERS[0] as object,
  name: "mine",
  display_name: "Mine",
  hosts: ["api.mine.test"],
};

Deno.test("every definition says where it comes from", async () => {
  await using home = await open();
  await home.owner.json("POST", "/providers", { definition: MINE });

  const { bundled, custom } = await home.owner.json<ProviderList>("GET", "/providers");

  deepEqual(bundled.map(({ name, source }) => [name, source]), [
    ["acme", "bundled"],
    ["hub", "bundled"],
    ["pair", "bundled"],
    ["secrets", "bundled"],
    ["strict", "bundled"],
  ]);
  deepEqual(
    custom.map(({ name, source, overrides_bundled }) => [name, source, overrides_bundled]),
    [
      ["mine", "custom", false],
    ],
  );
});

Deno.test("a definition is taken wrapped with options or by itself, and can be used at once", async () => {
  await using home = await open();

  const bare = await home.owner.json<ProviderChange>("POST", "/providers", MINE);
  const wrapped = await home.owner.json<ProviderChange>("POST", "/providers", {
    definition: MINE,
    force: true,
  });
  await logIn(home.owner, "mine");

  deepEqual(bare, { status: "ok", provider: "mine", action: "registered", warnings: [] });
  equal(wrapped.action, "replaced");
});

Deno.test("a name that is taken is refused unless it is forced", async () => {
  await using home = await open();
  await home.owner.json("POST", "/providers", { definition: MINE });

  const again = await home.owner.call("POST", "/providers", { definition: MINE });

  equal(again.status, 409);
  equal((await again.json() as ErrorEnvelope).error, "ProviderExistsError");
});

Deno.test("a definition that breaks a rule is refused with the path, in the daemon", async (t) => {
  await using home = await open();
  const table: Record<string, readonly [unknown, string]> = {
    "no kind of credential": [{ ...MINE, auth_type: undefined }, "auth_type"],
    "an unknown field": [{ ...MINE, evil: 1 }, "evil"],
    "a private host": [{ ...MINE, hosts: ["localhost"] }, "hosts.0"],
    "a name that climbs": [{ ...MINE, name: "../evil" }, "name"],
    "a regex for look-alikes": [{ ...MINE, hosts: ["regex:.*mine.test"] }, "hosts.0"],
    "a list": [[], ""],
    "nothing": [null, ""],
  };
  for (const [title, [definition, path]] of Object.entries(table)) {
    await t.step(title, async () => {
      const response = await home.owner.call("POST", "/providers", { definition });
      const envelope = await response.json() as ErrorEnvelope;

      equal(response.status, 422);
      equal(envelope.error, "InvalidProviderDefinitionError");
      equal(envelope.issues?.[0]?.path.startsWith(path), true, JSON.stringify(envelope.issues));
    });
  }
});

Deno.test("private hosts need the owner's word", async () => {
  await using home = await open();
  const definition = { ...MINE, hosts: ["api.corp.internal"] };

  const without = await home.owner.call("POST", "/providers", { definition });
  const allowed = await home.owner.call("POST", "/providers", { definition, allow_private: true });

  equal(without.status, 422);
  equal(allowed.status, 200);
  await without.body?.cancel();
  await allowed.body?.cancel();
});

Deno.test("one's own definition hides the bundled one, and removing it brings that back", async () => {
  await using home = await open();
  const definition = { ...PROVIDERS[0] as object, display_name: "Hidden" };
  const registered = await home.owner.json<ProviderChange>("POST", "/providers", { definition });
  const hidden = await home.owner.json<ProviderItem>("GET", "/providers/acme");

  const removed = await home.owner.json<ProviderChange>("DELETE", "/providers/acme");
  const shown = await home.owner.json<ProviderItem>("GET", "/providers/acme");

  match(registered.warnings[0]!, /hides the bundled/);
  deepEqual([hidden.display_name, hidden.overrides_bundled], ["Hidden", true]);
  equal(removed.action, "reset");
  deepEqual([shown.display_name, shown.source], ["Acme", "bundled"]);
});

Deno.test("a bundled provider that nothing hides stays as it is, and so do its connections", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  const answer = await home.owner.json<ProviderChange>("DELETE", "/providers/acme");

  deepEqual([answer.action, answer.connections], ["unchanged", 0]);
  const { connections } = await home.owner.json<ConnectionList>("GET", "/connections");
  deepEqual(connections.map(({ name }) => name), ["acme"]);
});

Deno.test("removing a definition takes its connections along", async () => {
  await using home = await open();
  await home.owner.json("POST", "/providers", { definition: MINE });
  await logIn(home.owner, "mine");

  const removed = await home.owner.json<ProviderChange>("DELETE", "/providers/mine");
  const gone = await home.owner.call("GET", "/providers/mine");

  equal(removed.action, "removed");
  equal(gone.status, 404);
  const { connections } = await home.owner.json<ConnectionList>("GET", "/connections");
  deepEqual(connections, []);
  await gone.body?.cancel();
});

Deno.test("/ready names a file that cannot be used, and one's own definitions that hide others", async () => {
  const store = {
    read: () =>
      Promise.resolve({
        definitions: [],
        broken: [{ file: "broken.json", problem: "it is not JSON" }],
      }),
    save: () => {},
    remove: () => {},
  };
  await using home = await open({ store });

  const ready = await home.owner.json<
    { status: string; checks: Record<string, string>; warnings: string[] }
  >(
    "GET",
    "/ready",
  );

  equal(ready.status, "degraded");
  equal(ready.checks["providers"], "broken");
  match(ready.warnings[0]!, /broken\.json: it is not JSON/);
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

async function open(options: Parameters<typeof openTestDaemon>[0] = {}): Promise<Home> {
  const daemon = await openTestDaemon(options);
  const owner = await registerOwner(daemon);
  return { daemon, owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

Deno.test("the names of the providers are their list without the definitions", async () => {
  await using home = await open();
  await home.owner.json("POST", "/providers", { definition: MINE });

  const list = await home.owner.json<ProviderList>("GET", "/providers");
  const names = await home.owner.json<ProviderNames>("GET", "/provider-names");

  const nameOf = ({ name, display_name, category, auth_type, source }: ProviderItem) => ({
    name,
    display_name,
    ...(category === undefined ? {} : { category }),
    auth_type,
    source,
  });
  deepEqual(names, { bundled: list.bundled.map(nameOf), custom: list.custom.map(nameOf) });
  ok(names.custom.length > 0);
});
