/**
 * Backups of a vault on a disk that fails: records that do not open, a disk that is full.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { BackupAnswer, ConnectionList, RestoredBackup } from "../../core/api.ts";
import { openDataKeys } from "../../daemon/vault/open_data_keys.ts";
import { readKeyFile } from "../../daemon/vault/key_file.ts";
import { SqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import {
  CANARY,
  type Client,
  clientFor,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";
import { VaultHome } from "./vault/vault_home.ts";

const PASSPHRASE = "several words that nobody guesses";

function openDaemon(vault: SqliteVault): Promise<TestDaemon> {
  return openTestDaemon({ vault });
}

/** A vault with three logins, a backup of it, and a fourth login since. */
async function prepare(owner: Client): Promise<BackupAnswer> {
  for (const name of ["one", "two", "three"]) {
    await logIn(owner, "acme", { api_key: `${CANARY}-${name}` }, name);
  }
  const made = await owner.json<BackupAnswer>("POST", "/backup", { passphrase: PASSPHRASE });
  await logIn(owner, "acme", { api_key: `${CANARY}-four` }, "four");
  return made;
}

async function names(owner: Client): Promise<readonly string[]> {
  const { connections } = await owner.json<ConnectionList>("GET", "/connections");
  return connections.flatMap(({ connections }) =>
    connections.map(({ connection_name }) => connection_name)
  );
}

for (const what of ["connection:two", "metadata", "metadata:000000"]) {
  Deno.test(`a vault whose ${what} does not open: what opens is saved, and a restore mends it`, async () => {
    await using home = await VaultHome.create();
    const daemon = await openDaemon(await home.open());
    const owner = await registerOwner(daemon);
    const made = await prepare(owner);
    home.tamper((db) =>
      db.prepare("UPDATE record SET revision = revision + 1 WHERE key LIKE ?").run(`%:acme:${what}`)
    );

    const whole = await owner.call("POST", "/backup", { passphrase: PASSPHRASE });
    assert.equal(whole.status, 500);
    assert.equal((await whole.json()).error, "VaultSealError");
    const part = await owner.json<BackupAnswer>("POST", "/backup", {
      passphrase: PASSPHRASE,
      partial: true,
    });
    assert.equal(part.connections, what === "connection:two" ? 3 : 4);
    assert.equal(part.warnings.length, 1);
    assert.match(part.warnings[0]!, new RegExp(`:acme:${what} is not in the backup`));

    const request = { passphrase: PASSPHRASE, force: true };
    const restored = await owner.json<RestoredBackup>("POST", "/backup/restore", {
      ...request,
      backup: made.backup,
    });
    assert.equal(restored.replaced.connections, 4);
    assert.deepEqual(await names(owner), ["one", "three", "two"]);
    await owner.json("POST", "/backup/restore", { ...request, backup: part.backup });
    const { connections } = await owner.json<ConnectionList>("GET", "/connections");
    assert.equal(connections[0]!.connections.length, part.connections);
    assert.equal(connections[0]!.connections.filter((one) => one.is_default).length, 1);
    await daemon.stop();
  });
}

Deno.test("a full disk refuses a restore, and everything is as it was", async () => {
  await using home = await VaultHome.create();
  const filling = await openDaemon(await home.open());
  const owner = await registerOwner(filling);
  // What the restore brings back is longer than anything that it frees, however pages are filled.
  await logIn(owner, "acme", { api_key: `${CANARY}-${"long".repeat(4_000)}` }, "long");
  const made = await prepare(owner);
  await owner.json("POST", "/connections/acme/long/logout", {});
  await owner.json("POST", "/connections/acme/one/logout", {});
  await filling.stop();
  filling.vault.close();

  using database = new DatabaseSync(home.path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; VACUUM;");
  const { page_count } = database.prepare("PRAGMA page_count").get()!;
  database.exec(`PRAGMA max_page_count = ${page_count}`);
  const { dataKeys } = await openDataKeys(database, [readKeyFile(home.keyFilePath)]);
  const vault = new SqliteVault(home.path, database, dataKeys);
  // What is left of the pages is taken, so that nothing more fits.
  for (let left = 4000; left > 40; left /= 2) {
    await vault.write([{ type: "put", key: `filler:${left}`, value: "x".repeat(left) }]).catch(
      () => {},
    );
  }
  const daemon = await openDaemon(vault);
  const before = await vault.list("vault:");
  const again = clientFor(daemon, owner.signer);

  const response = await again.call("POST", "/backup/restore", {
    backup: made.backup,
    passphrase: PASSPHRASE,
    force: true,
  });

  assert.equal(response.status, 503);
  assert.match((await response.json()).message, /the disk is full/);
  assert.deepEqual(await vault.list("vault:"), before);
  assert.deepEqual(await names(again), ["four", "three", "two"]);
  await daemon.stop();
  vault.close();
});
