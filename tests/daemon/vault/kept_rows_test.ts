/**
 * Sealed rows that a vault keeps: how many, how large, and that nothing of them is open.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { KeptRows } from "../../../daemon/vault/kept_rows.ts";
import { readKeyFile } from "../../../daemon/vault/key_file.ts";
import { openDataKeys } from "../../../daemon/vault/open_data_keys.ts";
import { SqliteVault } from "../../../daemon/vault/sqlite_vault.ts";
import { VaultHome } from "./vault_home.ts";

const rowOf = (bytes: number) => ({ revision: 1, sealed: new Uint8Array(bytes) });

Deno.test("kept rows are a few hundred small ones, whatever is read", () => {
  const rows = new KeptRows();
  const keys = Array.from({ length: 10_000 }, (_, n) => `k${n}`);
  for (const key of keys) rows.keep(key, rowOf(500));
  const kept = keys.filter((key) => rows.get(key) !== undefined);
  assert.ok(kept.length > 0 && kept.length <= 256, String(kept.length));

  rows.keep("large", rowOf(1_000_000));
  assert.equal(rows.get("large"), undefined);
});

Deno.test("what a vault keeps of a record is as sealed as in its file", async () => {
  await using home = await VaultHome.create();
  (await home.open()).close();
  const { path, keyFilePath } = home;
  const database = new DatabaseSync(path);
  const { dataKeys } = await openDataKeys(database, [readKeyFile(keyFilePath)]);
  const kept = new KeptRows();
  const vault = new SqliteVault(path, database, dataKeys, { kept });
  try {
    await vault.write([{ type: "put", key: "a", value: "sk-live-Zq8vN3xK7pL2mT9w" }]);
    await vault.get("a");

    const stored = database.prepare("SELECT sealed FROM record WHERE key = 'a'").get()!["sealed"];
    assert.deepEqual(kept.get("a")?.["sealed"], stored);
  } finally {
    vault.close();
  }
});
