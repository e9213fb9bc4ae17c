/**
 * New keys for a vault: every record sealed anew, nothing of the old keys left, nothing half done.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  InvalidInputError,
  MasterKeyError,
  StoreUnavailableError,
  VaultSealError,
} from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import {
  newFileKey,
  readKeyCandidates,
  writeKeyCandidates,
} from "../../../daemon/vault/key_file.ts";
import type { MasterKey } from "../../../daemon/vault/master_key.ts";
import { openDataKeys } from "../../../daemon/vault/open_data_keys.ts";
import { SqliteVault } from "../../../daemon/vault/sqlite_vault.ts";
import { VaultHome } from "./vault_home.ts";

const OLD = { source: "environment", secret: "ab".repeat(32) } as const;
const NEW = { source: "environment", secret: "cd".repeat(32) } as const;
const NOW = new Date("2026-03-01T12:00:00Z");

function masterKey({ source, secret }: typeof OLD | typeof NEW): MasterKey {
  return { source, secret: new Secret(secret) };
}

async function fill(vault: SqliteVault, count: number): Promise<void> {
  await vault.write(
    Array.from({ length: count }, (_, i) => (
      { type: "put", key: `k${i}`, value: `value ${i} ${"x".repeat(i % 700)}` }
    )),
  );
}

function keyIds(home: VaultHome): unknown[] {
  return home.tamper((db) =>
    db.prepare("SELECT DISTINCT hex(substr(sealed, 2, 4)) AS id FROM record").all()
  ).map((row) => row.id);
}

Deno.test("changed keys: the new master key opens everything, the old one nothing", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD);
  await fill(vault, 100);
  const before = await vault.list("");

  const changed = await vault.changeKeys(masterKey(NEW), NOW);
  await vault.eraseOldCiphertext();

  assert.deepEqual(changed, { records: 100, key_id: 2 });
  assert.deepEqual(await vault.list(""), before, "the open vault goes on, revisions and all");
  await vault.write([{ type: "put", key: "later", value: "written after" }]);
  vault.close();
  await assert.rejects(home.open(OLD), MasterKeyError);
  const again = await home.open(NEW);
  assert.deepEqual(await again.list("k"), before);
  assert.equal((await again.get("later"))?.value, "written after");
  assert.deepEqual(keyIds(home), ["00000002"]);
  const keys = home.tamper((db) => db.prepare("SELECT id FROM data_key").all());
  assert.deepEqual(keys.map(({ id }) => id), [2]);
});

Deno.test("changed keys: a vault that keeps sealed rows opens what it had read before", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD, 5000, true);
  await fill(vault, 3);
  const before = await vault.get("k1");

  await vault.changeKeys(masterKey(NEW), NOW);

  assert.deepEqual(await vault.get("k1"), before);
});

Deno.test("changed keys: what the old key had sealed is in no file any more", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD);
  // Written, grown, shrunk and deleted: copies lie in the log and in pages that were split.
  const sealed: Uint8Array[] = [];
  for (let round = 0; round < 12; round++) {
    await vault.write(
      Array.from({ length: 60 }, (_, i) => ({
        type: "put",
        key: `k${(i * 7 + round) % 80}`,
        value: `${round} ${i} ${"x".repeat((i * 131 + round * 977) % 3000)}`,
      })),
    );
    await vault.write([{ type: "delete", key: `k${round}` }]);
    const rows = home.tamper((db) => db.prepare("SELECT sealed FROM record").all());
    sealed.push(...rows.map((row) => row.sealed as Uint8Array));
  }
  const wrapped = home.tamper((db) => db.prepare("SELECT wrapped FROM data_key").get()!.wrapped);

  await vault.changeKeys(masterKey(NEW), NOW);
  assert.equal(await vault.eraseOldCiphertext(), true);

  const files = home.files();
  const rest = latin1(files.get("vault.db")!) + latin1(files.get("vault.db-wal")!);
  const windows = new Set<string>();
  for (let at = 0; at + 8 <= rest.length; at++) windows.add(rest.slice(at, at + 8));
  const left = [...sealed, wrapped as Uint8Array].flatMap((bytes) => {
    const text = latin1(bytes);
    // Behind the head, which is not secret, in steps: what is left of a cell is longer than that.
    const places = Array.from({ length: Math.floor((text.length - 5) / 8) }, (_, i) => 5 + 8 * i);
    return places.filter((at) => windows.has(text.slice(at, at + 8)));
  });
  assert.deepEqual(left, [], "places in what the old key had sealed that are still in the files");
});

Deno.test("changed keys: a change whose log was not emptied is cleaned up by the next start", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD, 1);
  await fill(vault, 50);
  const sealed = home.tamper((db) => db.prepare("SELECT sealed FROM record").all())
    .map((row) => row.sealed as Uint8Array);
  // A reader holds on to the log, as a backup program might.
  const reader = new DatabaseSync(home.path, { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM record").get();
  await vault.changeKeys(masterKey(NEW), NOW);
  assert.equal(await vault.eraseOldCiphertext(), false);
  reader.close();
  vault.close();

  (await home.open(NEW)).close();

  const files = [...home.files().values()].map(latin1).join("");
  for (const bytes of sealed) assert.ok(!files.includes(latin1(bytes.subarray(5, 17))));
  assert.equal(
    home.tamper((db) => db.prepare("SELECT * FROM meta WHERE name = 'erase'").get()),
    undefined,
  );
});

Deno.test("changed keys: a record that does not open stops the change, and nothing is changed", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD);
  await fill(vault, 30);
  home.tamper((db) => db.exec("UPDATE record SET revision = revision + 1 WHERE key = 'k17'"));
  const before = home.tamper((db) => db.prepare("SELECT * FROM record ORDER BY key").all());

  await assert.rejects(vault.changeKeys(masterKey(NEW), NOW), (error: unknown) => {
    assert.ok(error instanceof VaultSealError);
    assert.match(error.message, /k17/);
    return true;
  });

  assert.deepEqual(
    home.tamper((db) => db.prepare("SELECT * FROM record ORDER BY key").all()),
    before,
  );
  assert.equal((await vault.get("k3"))?.value.slice(0, 7), "value 3");
  vault.close();
  await assert.rejects(home.open(NEW), MasterKeyError);
  assert.equal((await (await home.open(OLD)).get("k3"))?.value.slice(0, 7), "value 3");
});

Deno.test("changed keys: a full disk refuses the change, and nothing is changed", async () => {
  await using home = await VaultHome.create();
  const filled = await home.open(OLD);
  await fill(filled, 200);
  filled.close();
  using database = new DatabaseSync(home.path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;");
  // What is sealed anew fits into the pages that become free; so something else comes along.
  const { page_count } = database.prepare("PRAGMA page_count").get()!;
  database.exec(`PRAGMA max_page_count = ${Number(page_count)}`);
  database.exec(
    "CREATE TRIGGER full AFTER INSERT ON data_key BEGIN " +
      "INSERT INTO record VALUES ('filler', 1, zeroblob(4000000)); END",
  );
  const { dataKeys } = await openDataKeys(database, [masterKey(OLD)]);
  const vault = new SqliteVault(home.path, database, dataKeys);

  await assert.rejects(vault.changeKeys(masterKey(NEW), NOW), (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /the disk is full/);
    return true;
  });

  assert.equal((await vault.list("k")).length, 200);
  assert.deepEqual(keyIds(home), ["00000001"]);
});

Deno.test("changed keys: the key in use is refused as the new one", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD);
  await assert.rejects(vault.changeKeys(masterKey(OLD), NOW), InvalidInputError);
});

Deno.test("changed keys: from a key to a passphrase and on to another", async () => {
  await using home = await VaultHome.create();
  const first = { source: "passphrase", secret: "the first of two phrases" } as const;
  const vault = await home.open(OLD);
  await vault.write([{ type: "put", key: "a", value: "1" }]);
  await vault.changeKeys({ source: "passphrase", secret: new Secret(first.secret) }, NOW);
  vault.close();

  assert.equal((await (await home.open(first)).get("a"))?.value, "1");
});

Deno.test("changed keys: ten thousand records are one change", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(OLD);
  await vault.write(
    Array.from({ length: 10_000 }, (_, i) => ({
      type: "put",
      key: `vault:v:acme:connection:c${i}`,
      value: JSON.stringify({ i, secret: "s".repeat(600) }),
    })),
  );

  const { records } = await vault.changeKeys(masterKey(NEW), NOW);
  await vault.eraseOldCiphertext();

  assert.equal(records, 10_000);
  assert.equal(JSON.parse((await vault.get("vault:v:acme:connection:c9999"))!.value).i, 9999);
  assert.deepEqual(keyIds(home), ["00000002"]);
});

Deno.test("a key file with an old and a new key opens the vault with either, and is settled", async (t) => {
  for (const which of ["the first", "the second"] as const) {
    await t.step(`the vault's is ${which}`, async () => {
      await using home = await VaultHome.create();
      const vault = await home.open();
      await vault.write([{ type: "put", key: "a", value: "1" }]);
      vault.close();
      const [mine] = readKeyCandidates(home.keyFilePath) as [MasterKey];
      const other = newFileKey();
      writeKeyCandidates(home.keyFilePath, which === "the first" ? [mine, other] : [other, mine]);
      Deno.writeTextFileSync(`${home.keyFilePath}.${crypto.randomUUID()}.tmp`, "half a key");

      assert.equal((await (await home.open()).get("a"))?.value, "1");

      const kept = readKeyCandidates(home.keyFilePath).map(({ secret }) => secret.reveal());
      assert.deepEqual(kept, [mine.secret.reveal()]);
      assert.ok(![...home.files().keys()].some((name) => name.endsWith(".tmp")));
    });
  }
});

Deno.test("a key file of which no key is the vault's is refused and left as it is", async () => {
  await using home = await VaultHome.create();
  (await home.open()).close();
  writeKeyCandidates(home.keyFilePath, [newFileKey(), newFileKey()]);
  const before = home.files().get("master.key");

  await assert.rejects(home.open(), MasterKeyError);

  assert.deepEqual(home.files().get("master.key"), before);
});

Deno.test("of a keyring's several keys the one is named that opens the vault", async () => {
  await using home = await VaultHome.create();
  (await home.open({ source: "keyring", secret: OLD.secret })).close();
  const boot = { source: "keyring", secret: NEW.secret, others: ["ef".repeat(32), OLD.secret] };

  const vault = await home.open(boot as typeof boot & { source: "keyring" });

  assert.equal(vault.master, 2);
});

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
