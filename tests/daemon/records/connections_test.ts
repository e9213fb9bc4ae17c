/**
 * Connections and their index: always in step, with a default as long as there is one connection.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  ConnectionNotFoundError,
  InvalidInputError,
  StoreUnavailableError,
  VaultConflictError,
} from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import {
  PAGE_SIZE,
  readDefaultConnection,
  readProviderConnections,
} from "../../../daemon/records/connection_index.ts";
import {
  listDefaultConnections,
  listProviderConnections,
} from "../../../daemon/records/connection_lists.ts";
import {
  readConnection,
  readConnectionRevision,
  removeConnection,
  removeProviderConnections,
  saveConnection,
  setDefault,
} from "../../../daemon/records/connections.ts";
import { NEVER_REFRESHED, stateChange } from "../../../daemon/records/connection_state.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import type { Vault, VaultChange, VaultRecord } from "../../../daemon/vault/vault.ts";
import { exampleConnection, minutesLater, NOW, VAULT_ID } from "./connection_example.ts";

const ref = (provider: string, connection: string) => ({ provider, connection });
const names = async (vault: Vault, provider: string) =>
  (await readProviderConnections(vault, VAULT_ID, provider))?.connections
    .map((entry) => entry.connection_name) ?? [];
const defaultOf = async (vault: Vault, provider: string) =>
  (await readDefaultConnection(vault, VAULT_ID, provider))?.default_connection ?? null;

/** The index says what the records say: names, summaries, default, sizes. */
async function assertInStep(vault: Vault, provider: string): Promise<void> {
  const prefix = `vault:${VAULT_ID}:${provider}:connection:`;
  const stored = (await vault.keys(prefix)).map((key) => key.slice(prefix.length));
  const index = await readProviderConnections(vault, VAULT_ID, provider);
  const head = await readDefaultConnection(vault, VAULT_ID, provider);
  assert.deepEqual(index?.connections.map((entry) => entry.connection_name) ?? [], stored.sort());
  assert.equal(head?.connection_count ?? 0, stored.length);
  for (const summary of index?.connections ?? []) {
    const connection = await readConnection(
      vault,
      VAULT_ID,
      ref(provider, summary.connection_name),
    );
    assert.deepEqual(summary.expires_at, connection?.expires_at);
    assert.equal(summary.status, connection?.status);
    if (summary.connection_name === head?.default_connection) {
      assert.deepEqual(head.summary, summary);
    }
  }
  const listed = (await listDefaultConnections(vault, VAULT_ID)).map((entry) => entry.provider);
  assert.equal(listed.includes(provider), stored.length > 0);
}

Deno.test("a connection comes back as it was saved, secrets and dates included", async () => {
  const vault = new MemoryVault();
  const connection = exampleConnection("github", "work", {
    secrets: Object.fromEntries([
      ["access_token", new Secret("a")],
      ["__proto__", new Secret("b")],
    ]),
    scopes: null,
    expires_at: null,
  });
  await saveConnection(vault, connection, { now: NOW });

  const read = await readConnection(vault, VAULT_ID, ref("github", "work"));

  assert.ok(read !== null);
  const { secrets, ...rest } = read;
  const { secrets: expected, ...expectedRest } = connection;
  assert.deepEqual(rest, expectedRest);
  assert.deepEqual(Object.keys(secrets), Object.keys(expected));
  assert.deepEqual(Object.values(secrets).map((secret) => secret.reveal()), ["a", "b"]);
  assert.equal(await readConnection(vault, VAULT_ID, ref("github", "other")), null);
});

Deno.test("no summary, default or list holds a secret", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "work"), { now: NOW });

  const metadata = await vault.get(`vault:${VAULT_ID}:github:metadata`);

  assert.ok(!metadata!.value.includes("at-work") && !metadata!.value.includes("rt-work"));
});

Deno.test("the first connection becomes the default, a later one only when asked", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  await saveConnection(vault, exampleConnection("github", "two"), { now: minutesLater(1) });
  assert.equal(await defaultOf(vault, "github"), "one");

  await saveConnection(vault, exampleConnection("github", "three"), {
    now: minutesLater(2),
    makeDefault: true,
  });

  const head = await readDefaultConnection(vault, VAULT_ID, "github");
  assert.equal(head?.default_connection, "three");
  assert.deepEqual(head?.default_since, minutesLater(2));
  await assertInStep(vault, "github");
});

Deno.test("saving the default again keeps since when it is the default", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  const refreshed = exampleConnection("github", "one", { expires_at: minutesLater(120) });
  await saveConnection(vault, refreshed, { now: minutesLater(60), makeDefault: true });

  const head = await readDefaultConnection(vault, VAULT_ID, "github");

  assert.deepEqual(head?.default_since, NOW);
  assert.deepEqual(head?.summary.expires_at, minutesLater(120));
  await assertInStep(vault, "github");
});

Deno.test("setDefault() moves the default, and knows no connection that is not there", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  await saveConnection(vault, exampleConnection("github", "two"), { now: NOW });

  await setDefault(vault, VAULT_ID, ref("github", "two"), minutesLater(5));

  const head = await readDefaultConnection(vault, VAULT_ID, "github");
  assert.equal(head?.default_connection, "two");
  assert.deepEqual(head?.default_since, minutesLater(5));
  await assert.rejects(
    setDefault(vault, VAULT_ID, ref("github", "three"), NOW),
    ConnectionNotFoundError,
  );
});

Deno.test("when the default goes, the connection obtained last takes its place", async () => {
  const vault = new MemoryVault();
  const save = (name: string, minutes: number) =>
    saveConnection(
      vault,
      exampleConnection("github", name, { obtained_at: minutesLater(minutes) }),
      { now: NOW },
    );
  await save("first", 0);
  await save("old", 1);
  await save("latest", 9);
  await save("middle", 5);

  const next = await removeConnection(vault, VAULT_ID, ref("github", "first"), minutesLater(10));

  assert.equal(next, "latest");
  const head = await readDefaultConnection(vault, VAULT_ID, "github");
  assert.deepEqual(head?.default_since, minutesLater(10));
  await assertInStep(vault, "github");
});

Deno.test("removing another connection leaves the default alone", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  await saveConnection(vault, exampleConnection("github", "two"), { now: NOW });

  assert.equal(await removeConnection(vault, VAULT_ID, ref("github", "two"), NOW), "one");
  await assert.rejects(
    removeConnection(vault, VAULT_ID, ref("github", "two"), NOW),
    ConnectionNotFoundError,
  );
  await assertInStep(vault, "github");
});

Deno.test("the last connection takes every record of the provider with it", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  await vault.write([stateChange(VAULT_ID, ref("github", "one"), NEVER_REFRESHED)]);

  assert.equal(await removeConnection(vault, VAULT_ID, ref("github", "one"), NOW), null);

  assert.deepEqual(await vault.keys(""), []);
});

Deno.test("removeProviderConnections() removes that provider's and no other's", async () => {
  const vault = new MemoryVault();
  for (let i = 0; i < PAGE_SIZE + 3; i++) {
    await saveConnection(vault, exampleConnection("git", `c${i}`), { now: NOW });
  }
  await vault.write([stateChange(VAULT_ID, ref("git", "c1"), NEVER_REFRESHED)]);
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  await saveConnection(vault, exampleConnection("git.hub", "one"), { now: NOW });

  assert.equal(await removeProviderConnections(vault, VAULT_ID, "git"), PAGE_SIZE + 3);

  assert.deepEqual(await vault.keys(`vault:${VAULT_ID}:git:`), []);
  await assertInStep(vault, "git");
  await assertInStep(vault, "github");
  await assertInStep(vault, "git.hub");
  assert.equal(await removeProviderConnections(vault, VAULT_ID, "git"), 0);
});

Deno.test("a refresh that outlives a logout brings nothing back", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  const { connection, revision } = (await readConnectionRevision(
    vault,
    VAULT_ID,
    ref("github", "one"),
  ))!;
  await removeConnection(vault, VAULT_ID, ref("github", "one"), NOW);

  const late = saveConnection(vault, connection, { now: NOW, expected: revision });

  await assert.rejects(late, VaultConflictError);
  assert.deepEqual(await vault.keys(""), []);
});

Deno.test("a refresh that outlives a logout and a new login does not undo the login", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  const read = (await readConnectionRevision(vault, VAULT_ID, ref("github", "one")))!;
  await removeConnection(vault, VAULT_ID, ref("github", "one"), NOW);
  const login = exampleConnection("github", "one", { account: { id: "7", label: "new" } });
  await saveConnection(vault, login, { now: NOW });

  const late = saveConnection(vault, read.connection, { now: NOW, expected: read.revision });

  await assert.rejects(late, VaultConflictError);
  const kept = await readConnection(vault, VAULT_ID, ref("github", "one"));
  assert.equal(kept?.account.label, "new");
});

Deno.test("ten saves at once lose nothing", async () => {
  const vault = new MemoryVault();
  const providers = ["github", "gitlab"];
  await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => saveConnection(vault, exampleConnection(providers[i % 2]!, `c${i}`), { now: NOW }),
    ),
  );

  assert.deepEqual(await names(vault, "github"), ["c0", "c2", "c4", "c6", "c8"]);
  assert.deepEqual(await names(vault, "gitlab"), ["c1", "c3", "c5", "c7", "c9"]);
  await assertInStep(vault, "github");
  await assertInStep(vault, "gitlab");
});

Deno.test("a save repeats when another process wrote between reading and writing", async () => {
  const store = new MemoryVault();
  const other = new MeddledVault(store, async () => {
    await saveConnection(store, exampleConnection("github", "theirs"), { now: NOW });
  });

  await saveConnection(other, exampleConnection("github", "mine"), { now: NOW });

  assert.deepEqual(await names(store, "github"), ["mine", "theirs"]);
  assert.equal(await defaultOf(store, "github"), "theirs");
  await assertInStep(store, "github");
});

Deno.test("two processes: the default's copy follows a summary that changed meanwhile", async () => {
  const store = new MemoryVault();
  for (let i = 0; i < PAGE_SIZE + 2; i++) {
    const obtained_at = minutesLater(i);
    const connection = exampleConnection("github", `c${String(i).padStart(2, "0")}`, {
      obtained_at,
    });
    await saveConnection(store, connection, { now: NOW });
  }
  const last = `c${PAGE_SIZE + 1}`;
  const other = new MeddledVault(store, async () => {
    const changed = exampleConnection("github", last, {
      obtained_at: minutesLater(99),
      status: "needs_reauth",
    });
    await saveConnection(store, changed, { now: NOW });
  });

  await removeConnection(other, VAULT_ID, ref("github", "c00"), NOW);

  const head = await readDefaultConnection(store, VAULT_ID, "github");
  assert.equal(head?.default_connection, last);
  assert.equal(head?.summary.status, "needs_reauth");
  await assertInStep(store, "github");
});

Deno.test("many connections spread over pages stay in step through every change", async () => {
  const vault = new MemoryVault();
  const count = 3 * PAGE_SIZE + 5;
  const name = (i: number) => `c${String(i).padStart(3, "0")}`;
  for (let i = 0; i < count; i++) {
    await saveConnection(vault, exampleConnection("github", name(i)), { now: NOW });
  }
  await assertInStep(vault, "github");

  for (let i = 0; i < count; i += 2) {
    await removeConnection(vault, VAULT_ID, ref("github", name(i)), NOW);
  }
  await assertInStep(vault, "github");
  for (let i = 0; i < count; i += 4) {
    await saveConnection(vault, exampleConnection("github", name(i)), { now: NOW });
  }
  await setDefault(vault, VAULT_ID, ref("github", name(count - 2)), NOW);
  await assertInStep(vault, "github");

  for (const left of await names(vault, "github")) {
    await removeConnection(vault, VAULT_ID, ref("github", left), NOW);
  }
  assert.deepEqual(await vault.keys(""), []);
});

Deno.test("a save with many connections stored touches no more than with ten", async () => {
  const counted = new MeddledVault(new MemoryVault(), () => Promise.resolve());
  for (let i = 0; i < 10 * PAGE_SIZE; i++) {
    await saveConnection(counted, exampleConnection("github", `c${i}`), { now: NOW });
  }
  const refreshed = exampleConnection("github", "c300", { expires_at: minutesLater(120) });
  counted.written = [];

  await saveConnection(counted, refreshed, { now: NOW });

  assert.equal(counted.written.length, 2, "the connection and its page");
  const bytes = counted.written.reduce((sum, change) => sum + change.value.length, 0);
  assert.ok(bytes < 400 * PAGE_SIZE, `${bytes} bytes`);
});

Deno.test("lists name every provider once, by name, and open no connection", async () => {
  const store = new MemoryVault();
  for (const provider of ["zulip", "acme", "github"]) {
    await saveConnection(store, exampleConnection(provider, "b"), { now: NOW });
    await saveConnection(store, exampleConnection(provider, "a"), { now: NOW });
  }
  const vault = new MeddledVault(store, () => Promise.resolve());

  const all = await listProviderConnections(vault, VAULT_ID);
  const defaults = await listDefaultConnections(vault, VAULT_ID);

  assert.deepEqual(all.map((entry) => entry.provider), ["acme", "github", "zulip"]);
  assert.deepEqual(all[0]?.connections.map((entry) => entry.connection_name), ["a", "b"]);
  assert.deepEqual(defaults.map((entry) => entry.default_connection), ["b", "b", "b"]);
  assert.ok(!vault.read.some((key) => key.includes(":connection:")));
  assert.deepEqual(await listProviderConnections(vault, "vault_ffffffffffff"), []);
});

Deno.test("a list with a limit opens no page behind it, and counts what it leaves out", async () => {
  const store = new MemoryVault();
  for (const provider of ["acme", "github", "zulip"]) {
    for (const name of ["b", "a", "c"]) {
      await saveConnection(store, exampleConnection(provider, name), { now: NOW });
    }
  }
  const vault = new MeddledVault(store, () => Promise.resolve());

  const listed = await listProviderConnections(vault, VAULT_ID, { limit: 4 });

  assert.deepEqual(
    listed.map(({ provider, default_connection, connection_count, connections }) => [
      provider,
      default_connection,
      connection_count,
      connections.map((entry) => entry.connection_name).join(),
    ]),
    [["acme", "b", 3, "a,b,c"], ["github", "b", 3, "a"], ["zulip", "b", 3, ""]],
  );
  assert.ok(!vault.read.some((key) => key.endsWith(":zulip:metadata*")));
});

Deno.test("a list of one provider reads that provider's index and nothing else", async () => {
  const store = new MemoryVault();
  for (const provider of ["acme", "github"]) {
    await saveConnection(store, exampleConnection(provider, "a"), { now: NOW });
  }
  const vault = new MeddledVault(store, () => Promise.resolve());

  const listed = await listProviderConnections(vault, VAULT_ID, { provider: "github" });
  const none = await listProviderConnections(vault, VAULT_ID, { provider: "zulip" });

  assert.deepEqual(listed.map((entry) => entry.provider), ["github"]);
  assert.ok(!vault.read.some((key) => key.includes(":acme:")));
  assert.deepEqual(none, []);
});

Deno.test("no name reaches another record", async (t) => {
  const vault = new MemoryVault();
  for (const bad of ["a:b", "", "..", "A", "a/b", "a\u0000", "metadata:", "a\n", "x".repeat(81)]) {
    await t.step(JSON.stringify(bad), async () => {
      const asProvider = exampleConnection(bad, "one");
      const asName = exampleConnection("github", bad);
      await assert.rejects(saveConnection(vault, asProvider, { now: NOW }), InvalidInputError);
      await assert.rejects(saveConnection(vault, asName, { now: NOW }), InvalidInputError);
      await assert.rejects(readConnection(vault, VAULT_ID, ref("github", bad)), InvalidInputError);
      await assert.rejects(readConnection(vault, bad, ref("github", "one")), InvalidInputError);
    });
  }
  assert.deepEqual(await vault.keys(""), []);
});

Deno.test("a record of another schema version is refused by name, with what to do", async () => {
  const vault = new MemoryVault();
  await saveConnection(vault, exampleConnection("github", "one"), { now: NOW });
  const record = (await vault.get(`vault:${VAULT_ID}:github:connection:one`))!;
  const value = record.value.replace('"schema_version":2', '"schema_version":3');
  await vault.write([{ type: "put", key: record.key, value }]);

  await assert.rejects(readConnection(vault, VAULT_ID, ref("github", "one")), (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /github\/one.*schema version 3/);
    assert.ok(!error.message.includes("at-one"));
    return true;
  });
});

/** A vault that lets somebody else write once between a read and the first write, and counts. */
class MeddledVault implements Vault {
  readonly #vault: Vault;
  readonly #meddle: () => Promise<void>;
  #meddled = false;
  read: string[] = [];
  written: (VaultChange & { type: "put" })[] = [];

  constructor(vault: Vault, meddle: () => Promise<void>) {
    this.#vault = vault;
    this.#meddle = meddle;
  }

  get(key: string): Promise<VaultRecord | null> {
    this.read.push(key);
    return this.#vault.get(key);
  }

  list(prefix: string): Promise<readonly VaultRecord[]> {
    this.read.push(`${prefix}*`);
    return this.#vault.list(prefix);
  }

  keys(prefix: string): Promise<readonly string[]> {
    return this.#vault.keys(prefix);
  }

  async write(changes: readonly VaultChange[]): Promise<void> {
    if (!this.#meddled) {
      this.#meddled = true;
      await this.#meddle();
    }
    await this.#vault.write(changes);
    this.written.push(...changes.filter((change) => change.type === "put"));
  }

  close(): void {
    this.#vault.close();
  }
}
