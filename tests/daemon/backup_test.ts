/**
 * Backups and restoring over HTTP: what is in one, what is not, and that a home is replaced whole.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  BackupAnswer,
  ConnectionDetail,
  ConnectionList,
  GrantItem,
  ProviderList,
  RestoredBackup,
  VerifiedBackup,
} from "../../core/api.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { ProviderCatalogue } from "../../daemon/broker/provider_catalogue.ts";
import { saveAuthSession } from "../../daemon/records/auth_sessions.ts";
import { IndexEdit } from "../../daemon/records/connection_index.ts";
import { saveConnection } from "../../daemon/records/connections.ts";
import { EMPTY_JOURNAL, journalChange } from "../../daemon/records/refresh_journal.ts";
import { parseProvider } from "../../core/provider_schema.ts";
import { exampleDefinition } from "../support/backup_example.ts";
import { exampleConnection, NOW } from "./records/connection_example.ts";
import {
  CANARY,
  type Client,
  grantRun,
  logIn,
  memoryDefinitions,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";
import { withOwner } from "./support/with_owner.ts";

const PASSPHRASE = "several words that nobody guesses";

async function backUp(owner: Client): Promise<BackupAnswer> {
  return await owner.json<BackupAnswer>("POST", "/backup", { passphrase: PASSPHRASE });
}

async function restore(
  owner: Client,
  { backup }: BackupAnswer,
  more: object = {},
): Promise<RestoredBackup> {
  const request = { backup, passphrase: PASSPHRASE, ...more };
  return await owner.json<RestoredBackup>("POST", "/backup/restore", request);
}

async function apiKey(owner: Client, ref: string): Promise<unknown> {
  const path = `/connections/${ref}?show_secrets=true`;
  return (await owner.json<ConnectionDetail>("GET", path)).api_key;
}

/** Everything that is kept of connections, clients and definitions. */
async function kept({ vault, broker }: TestDaemon): Promise<unknown> {
  const records = (await vault.list(""))
    .filter(({ key }) => /^(vault:|server:provider:|server:restore)/.test(key))
    .map(({ key, value }) => `${key} ${value}`);
  return { records, definitions: broker.catalogue.custom() };
}

Deno.test("a backup restored into another home is the same credentials, under its own ids", async () => {
  await withOwner(async ({ daemon: there, owner: theirs }) => {
    for (let i = 0; i < 70; i++) {
      await logIn(theirs, "acme", { api_key: `${CANARY}-${i}` }, `c${i}`);
    }
    await theirs.json("POST", "/connections/acme/c33/default", {});
    await logIn(theirs, "pair", { account_id: "AC0123", auth_token: "key" });
    const definition = exampleDefinition("intranet", "a");
    await theirs.json("POST", "/providers", { definition });
    const made = await backUp(theirs);
    const listed = await theirs.json<ConnectionList>("GET", "/connections");

    await withOwner(async ({ daemon: here, owner: mine }) => {
      const restored = await restore(mine, made);

      assert.deepEqual(restored.providers, { acme: 70, pair: 1 });
      assert.deepEqual(restored.definitions, ["intranet"]);
      assert.deepEqual(restored.replaced, { connections: 0, clients: 0, definitions: 0 });
      assert.deepEqual(await mine.json("GET", "/connections"), listed, "defaults and all");
      assert.equal(await apiKey(mine, "acme/c69"), `${CANARY}-69`);
      const detail = await mine.json<ConnectionDetail>("GET", "/connections/acme/c0");
      const ids = await mine.json<{ vault_id: string; principal_id: string }>("GET", "/whoami");
      assert.equal(detail.vault_id, ids.vault_id);
      assert.equal(detail.principal_id, ids.principal_id);
      const { custom } = await mine.json<ProviderList>("GET", "/providers");
      assert.deepEqual(custom.map(({ name }) => name), ["intranet"]);
      // The index is whole: it takes changes like one that grew by itself.
      await mine.json("POST", "/connections/acme/c33/logout", {});
      await logIn(mine, "acme", { api_key: CANARY }, "one-more");
      const index = await IndexEdit.open(here.vault, ids.vault_id, "acme");
      assert.equal(index.isEmpty, false);
      const after = await mine.json<ConnectionList>("GET", "/connections");
      assert.equal(after.connections[0]!.connections.length, 70);
    });
    assert.ok(
      there.audit.some(({ event, details }) =>
        event === "backup" && details?.["connections"] === 71
      ),
    );
  });
});

Deno.test("a backup holds no secret in clear, and says nothing of one", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    const made = await backUp(owner);
    const bytes = new TextDecoder("latin1").decode(Uint8Array.fromBase64(made.backup));

    for (const text of [bytes, JSON.stringify(made), JSON.stringify(daemon.audit), ...daemon.log]) {
      assert.ok(!text.includes(CANARY) && !text.includes(PASSPHRASE));
    }
  });
});

Deno.test("a backup does not carry who may sign, what is under way, or the audit log's key", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    await grantRun(daemon, owner);
    const { vault_id } = await owner.json<{ vault_id: string }>("GET", "/whoami");
    const ref = { provider: "acme", connection: "default" };
    await daemon.vault.write([
      { type: "put", key: "server:audit_key", value: "the log's key" },
      journalChange(vault_id, ref, { ...EMPTY_JOURNAL, holder: "a process" }),
    ]);
    await saveAuthSession(daemon.vault, {
      id: `sess_${"0".repeat(32)}`,
      created_at: NOW,
      expires_at: NOW,
      state: "a state",
      data: {},
    }, 0);
    const made = await backUp(owner);

    await withOwner(async ({ daemon: here, owner: mine }) => {
      const before = (await here.vault.list("server:")).map(({ key }) => key);
      await restore(mine, made);

      assert.deepEqual((await here.vault.list("server:")).map(({ key }) => key), before);
      assert.deepEqual(
        await here.vault.keys(`vault:${(await whoami(mine)).vault_id}:acme:refresh`),
        [],
      );
    });
  });
});

async function whoami(owner: Client): Promise<{ readonly vault_id: string }> {
  return await owner.json("GET", "/whoami");
}

Deno.test("restoring over what is kept replaces all of it; profiles, runs and the log stay", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme", { api_key: `${CANARY}-old` });
    const made = await backUp(owner);
    await logIn(owner, "acme", { api_key: `${CANARY}-new` }, "later");
    await owner.json("POST", "/connections/acme/default/logout", {});
    await logIn(owner, "pair", { account_id: "AC0123", auth_token: "key" });
    await owner.json("POST", "/providers", { definition: exampleDefinition("later", "b") });
    const { run, grant } = await grantRun(daemon, owner);
    const request = { provider: "acme", host: "api.acme.test", path: "/", method: "GET" };
    await run.json("POST", "/credentials/resolve", request);

    const { replaced } = await restore(owner, made, { force: true });

    assert.deepEqual(replaced, { connections: 2, clients: 0, definitions: 1 });
    const { connections } = await owner.json<ConnectionList>("GET", "/connections");
    assert.deepEqual(connections.map(({ name }) => name), ["acme"]);
    assert.equal(await apiKey(owner, "acme/default"), `${CANARY}-old`);
    assert.equal((await owner.call("GET", "/providers/later")).status, 404);
    assert.equal((await owner.json<GrantItem>("GET", `/grants/${grant.id}`)).ended_at, null);
    const resolved = await run.json<{ headers: Record<string, string> }>(
      "POST",
      "/credentials/resolve",
      request,
    );
    assert.equal(resolved.headers["Authorization"], `Bearer ${CANARY}-old`, "the run goes on");
    assert.deepEqual(await daemon.vault.get("server:restore"), null);
  });
});

Deno.test("a run's proxy is told of a restore, so that it forgets what it was given", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    const made = await backUp(owner);
    const heard: string[] = [];
    daemon.broker.changes.subscribe((change) => {
      heard.push(change.type === "connections" ? change.provider : change.type);
    });
    await owner.json("POST", "/connections/acme/revoke", {});
    heard.length = 0;

    await restore(owner, made);

    assert.deepEqual(heard.sort(), ["acme", "providers"]);
  });
});

Deno.test("restoring over something wants force, and only what was backed up is replaced", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    const made = await backUp(owner);
    const before = await kept(daemon);
    const request = { backup: made.backup, passphrase: PASSPHRASE };

    const unforced = await owner.call("POST", "/backup/restore", request);
    assert.equal(unforced.status, 409);
    assert.match((await unforced.json()).message, /connections: 1, clients: 0, definitions: 0/);
    await owner.json("POST", "/connections/acme/default/default", {});
    const { revision } = made;
    const late = await owner.call("POST", "/backup/restore", { ...request, force: true, revision });
    assert.equal(late.status, 409);
    assert.equal((await late.json()).error, "VaultConflictError");

    assert.deepEqual(
      JSON.stringify(await kept(daemon)).replaceAll(/"?default_since.{40}/g, ""),
      JSON.stringify(before).replaceAll(/"?default_since.{40}/g, ""),
    );
  });
});

const BAD_REQUESTS: readonly (readonly [
  name: string,
  change: (request: { backup: string; passphrase: string }) => object,
  status: number,
  message: RegExp,
])[] = [
  [
    "a wrong passphrase",
    (r) => ({ ...r, passphrase: `${PASSPHRASE}!` }),
    400,
    /passphrase is wrong/,
  ],
  ["no passphrase", ({ backup }) => ({ backup }), 422, /passphrase/],
  ["an empty passphrase", (r) => ({ ...r, passphrase: "" }), 422, /passphrase/],
  ["an endless passphrase", (r) => ({ ...r, passphrase: "x".repeat(2000) }), 422, /passphrase/],
  ["an empty backup", (r) => ({ ...r, backup: "" }), 422, /backup/],
  ["a backup that is not base64", (r) => ({ ...r, backup: "ä" }), 422, /base64/],
  ["base64 that is cut off", (r) => ({ ...r, backup: `${r.backup.slice(0, 41)}` }), 400, /base64/],
  ["half a backup", (r) => ({ ...r, backup: r.backup.slice(0, 400) }), 400, /cut short/],
  ["something else", (r) => ({ ...r, backup: btoa("something") }), 400, /no backup/],
  ["a field that nobody knows", (r) => ({ ...r, overwrite: true }), 422, /overwrite/],
];
for (const [name, change, status, message] of BAD_REQUESTS) {
  Deno.test(`${name} restores nothing, and verifies nothing`, async () => {
    await withOwner(async ({ daemon, owner }) => {
      await logIn(owner, "acme");
      const { backup } = await backUp(owner);
      const before = await kept(daemon);
      const request = change({ backup, passphrase: PASSPHRASE });

      for (const path of ["/backup/verify", "/backup/restore"]) {
        const response = await owner.call("POST", path, {
          ...request,
          ...(path === "/backup/restore" ? { force: true } : {}),
        });
        const text = await response.text();
        assert.equal(response.status, status, text);
        assert.match(JSON.parse(text).message, message);
        assert.ok(!text.includes(PASSPHRASE) && !text.includes(CANARY));
      }
      assert.deepEqual(await kept(daemon), before);
    });
  });
}

Deno.test("a passphrase that is too short makes no backup", async () => {
  await withOwner(async ({ daemon, owner }) => {
    const response = await owner.call("POST", "/backup", { passphrase: "12345678901" });
    assert.equal(response.status, 400);
    assert.match((await response.json()).message, /fewer than 12 characters/);
    assert.ok(!daemon.audit.some(({ event }) => event === "backup"));
  });
});

Deno.test("verifying says what is inside and what restoring would replace, and changes nothing", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    const { backup } = await backUp(owner);
    await logIn(owner, "acme", { api_key: CANARY }, "second");
    const before = await kept(daemon);

    const verified = await owner.json<VerifiedBackup>("POST", "/backup/verify", {
      backup,
      passphrase: PASSPHRASE,
    });

    assert.deepEqual(verified, {
      created_at: "2026-03-01T12:00:00.000Z",
      version: "0.0.0-test",
      providers: { acme: 1 },
      connections: 1,
      renewable: 0,
      clients: [],
      definitions: [],
      replaces: { connections: 2, clients: 0, definitions: 0 },
    });
    assert.deepEqual(await kept(daemon), before);
  });
});

Deno.test("a definition that is broken is not in the backup, and that is said", async () => {
  const store = {
    ...memoryDefinitions(),
    read: () =>
      Promise.resolve({
        definitions: [],
        broken: [{ file: "half.json", problem: "it is not JSON" }],
      }),
  };
  const daemon = await openTestDaemon({ store });
  const owner = await registerOwner(daemon);

  const { warnings } = await backUp(owner);

  assert.deepEqual(warnings, ["half.json is not in the backup: it is not JSON"]);
  await daemon.stop();
});

Deno.test("an empty home is backed up, and restoring that empties another", async () => {
  await withOwner(async ({ owner }) => {
    const made = await backUp(owner);
    await withOwner(async ({ owner: mine }) => {
      await logIn(mine, "acme");
      await restore(mine, made, { force: true });
      assert.deepEqual((await mine.json<ConnectionList>("GET", "/connections")).connections, []);
    });
  });
});

Deno.test("neither backup nor restore happens when the log cannot be written", async () => {
  let isFull = false;
  const daemon = await openTestDaemon({
    audit: () => {
      if (isFull) throw new StoreUnavailableError("Cannot write the audit log");
    },
  });
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { backup } = await backUp(owner);
  await owner.json("POST", "/connections/acme/default/logout", {});
  const before = await kept(daemon);
  isFull = true;

  const request = { backup, passphrase: PASSPHRASE };
  assert.equal((await owner.call("POST", "/backup", { passphrase: PASSPHRASE })).status, 503);
  assert.equal((await owner.call("POST", "/backup/restore", request)).status, 503);
  assert.equal((await owner.call("POST", "/keys/rotate", {})).status, 503);

  assert.deepEqual(await kept(daemon), before);
  await daemon.stop();
});

Deno.test("a restore whose definitions cannot be written holds on to them until the next start", async () => {
  let isFull = false;
  const files = memoryDefinitions();
  const store = {
    ...files,
    save: (definition: Parameters<typeof files.save>[0]) => {
      if (isFull) throw new StoreUnavailableError("Cannot write the definition: the disk is full");
      files.save(definition);
    },
  };
  const daemon = await openTestDaemon({ store });
  const owner = await registerOwner(daemon);
  const definition = exampleDefinition("intranet", "a");
  await owner.json("POST", "/providers", { definition });
  const made = await backUp(owner);
  await owner.json("DELETE", "/providers/intranet");
  isFull = true;

  const request = { backup: made.backup, passphrase: PASSPHRASE };
  const response = await owner.call("POST", "/backup/restore", request);

  assert.equal(response.status, 503);
  assert.equal((await owner.call("GET", "/providers/intranet")).status, 200, "in force at once");
  await daemon.broker.catalogue.reload();
  assert.equal((await owner.call("GET", "/providers/intranet")).status, 200);
  const refused = await owner.call("POST", "/providers", {
    definition: exampleDefinition("x", "x"),
  });
  assert.match((await refused.json()).hint, /daemon restart/);
  assert.ok(await daemon.vault.get("server:restore"), "the next start writes them");
  isFull = false;
  const { applyPendingDefinitions } = await import("../../daemon/records/pending_definitions.ts");
  assert.equal(await applyPendingDefinitions(daemon.vault, store), true);
  const bundled = PROVIDERS.map((source) => parseProvider(source));
  const catalogue = await ProviderCatalogue.open(bundled, store);
  assert.deepEqual(catalogue.custom().map(({ name }) => name), ["intranet"]);
  await daemon.stop();
});

Deno.test("a refresh that was under way writes nothing over what was restored", async () => {
  await withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    const { vault_id } = await whoami(owner);
    const connection = exampleConnection("acme", "default", { vault_id });
    await saveConnection(daemon.vault, connection, { now: NOW });
    const made = await backUp(owner);
    const key = `vault:${vault_id}:acme:connection:default`;
    const { revision } = (await daemon.vault.get(key))!;

    await restore(owner, made, { force: true });

    const late = saveConnection(daemon.vault, connection, { now: NOW, expected: revision });
    await assert.rejects(late, /changed or removed meanwhile/);
  });
});

Deno.test("what could not be restored is not backed up in the first place", async () => {
  await withOwner(async ({ daemon, owner }) => {
    const { vault_id } = await whoami(owner);
    // As a later version might have left it behind.
    const odd = { ...exampleConnection("acme", "odd", { vault_id }), colour: "blue" };
    await saveConnection(daemon.vault, odd, { now: NOW });

    const response = await owner.call("POST", "/backup", { passphrase: PASSPHRASE });

    assert.equal(response.status, 500);
    assert.match((await response.json()).message, /could not be restored/);
    assert.ok(daemon.log.some((line) => line.includes("colour") || line.includes("Unrecognized")));
  });
});
