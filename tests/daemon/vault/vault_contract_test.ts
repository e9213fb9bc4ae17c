/**
 * What every vault does: one list of tests, run against the vault in memory and the one in a file.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StoreUnavailableError, VaultConflictError } from "../../../core/errors.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import { openSqliteVault } from "../../../daemon/vault/sqlite_vault.ts";
import type { Vault, VaultChange } from "../../../daemon/vault/vault.ts";

const put = (key: string, value: string, expected?: number): VaultChange =>
  expected === undefined ? { type: "put", key, value } : { type: "put", key, value, expected };
const remove = (key: string, expected?: number): VaultChange =>
  expected === undefined ? { type: "delete", key } : { type: "delete", key, expected };

const revisionOf = async (vault: Vault, key: string) => (await vault.get(key))?.revision ?? 0;

const CONTRACT: Readonly<Record<string, (vault: Vault) => Promise<void>>> = {
  "get() gives null for a key that was never written": async (vault) => {
    assert.equal(await vault.get("a"), null);
  },

  "get() gives what write() put, also after it was replaced": async (vault) => {
    await vault.write([put("a", "one")]);
    assert.equal((await vault.get("a"))?.value, "one");

    await vault.write([put("a", "two")]);
    const record = await vault.get("a");
    assert.equal(record?.value, "two");
    assert.equal(record?.key, "a");
  },

  "values come back byte for byte: empty, Unicode, controls, a megabyte": async (vault) => {
    const values = [
      "",
      "\u0000\u0001\r\n\t",
      "Schlüssel 🔑 ключ 鍵 \u{10ffff}",
      "e\u0301 is not \u00e9",
      "x".repeat(1_000_000) + "🔑",
    ];
    for (const [i, value] of values.entries()) await vault.write([put(`v${i}`, value)]);
    for (const [i, value] of values.entries()) {
      assert.equal((await vault.get(`v${i}`))?.value, value);
    }
  },

  "a value or key that UTF-8 cannot say is refused": async (vault) => {
    await assert.rejects(vault.write([put("a", "\ud800")]), TypeError);
    await assert.rejects(vault.write([put("\ud800", "x")]), TypeError);
    await assert.rejects(vault.write([put("", "x")]), TypeError);
    await assert.rejects(vault.write([put("a\u0000b", "x")]), TypeError);
    assert.deepEqual(await vault.keys(""), []);
  },

  "the revision grows with each write of a key": async (vault) => {
    await vault.write([put("a", "1")]);
    const first = await revisionOf(vault, "a");
    await vault.write([put("a", "2")]);
    const second = await revisionOf(vault, "a");
    await vault.write([put("b", "1")]);

    assert.ok(Number.isSafeInteger(first) && first > 0);
    assert.ok(second > first);
    assert.equal(await revisionOf(vault, "a"), second);
  },

  "a record made again does not have the revision it had before": async (vault) => {
    await vault.write([put("a", "login")]);
    const before = await revisionOf(vault, "a");
    await vault.write([remove("a")]);
    await vault.write([put("a", "another login")]);

    await assert.rejects(vault.write([put("a", "late refresh", before)]), VaultConflictError);
    assert.equal((await vault.get("a"))?.value, "another login");
  },

  "write() with `expected` holds with the current revision alone": async (vault) => {
    await vault.write([put("a", "1", 0)]);
    const revision = await revisionOf(vault, "a");
    await vault.write([put("a", "2", revision)]);

    await assert.rejects(vault.write([put("a", "3", revision)]), VaultConflictError);
    await assert.rejects(vault.write([put("a", "3", 0)]), VaultConflictError);
    await assert.rejects(vault.write([remove("a", revision)]), VaultConflictError);
    await assert.rejects(vault.write([put("missing", "3", 7)]), VaultConflictError);
    await assert.rejects(vault.write([remove("missing", 7)]), VaultConflictError);
    assert.equal((await vault.get("a"))?.value, "2");
  },

  "a delete with `expected` removes; one of nothing does nothing": async (vault) => {
    await vault.write([put("a", "1")]);
    await vault.write([remove("a", await revisionOf(vault, "a"))]);
    await vault.write([remove("a"), remove("a", 0)]);

    assert.equal(await vault.get("a"), null);
    assert.deepEqual(await vault.keys(""), []);
  },

  "a batch is all or nothing": async (vault) => {
    await vault.write([put("kept", "1")]);

    const batch = [put("new", "1"), remove("kept"), put("other", "1", 99)];
    await assert.rejects(vault.write(batch), VaultConflictError);
    await assert.rejects(vault.write([put("new", "1"), put("", "1")]), TypeError);

    assert.deepEqual(await vault.keys(""), ["kept"]);
  },

  "a batch applies in order, also to one key twice": async (vault) => {
    await vault.write([put("a", "1"), remove("a"), put("a", "2", 0)]);
    assert.equal((await vault.get("a"))?.value, "2");
    await assert.rejects(vault.write([put("a", "3"), put("a", "4", 0)]), VaultConflictError);
    assert.equal((await vault.get("a"))?.value, "2");
  },

  "an empty batch changes nothing": async (vault) => {
    await vault.write([]);
    assert.deepEqual(await vault.keys(""), []);
  },

  "list() and keys() give what starts with the prefix, by code point": async (vault) => {
    const inOrder = [
      "p",
      "p%",
      "p*",
      "p:a",
      "p:a:b",
      "p:b",
      "pA",
      "p_",
      "p\u00e9",
      "p\ud7ff",
      "p\ue000",
      "p\uffff",
      "p\u{1f511}",
      "p\u{10ffff}",
      "p\u{10ffff}x",
    ];
    const others = ["P:a", "o", "o\u{10ffff}", "q", "\u{10ffff}"];
    await vault.write([...inOrder, ...others].reverse().map((key) => put(key, `value of ${key}`)));

    assert.deepEqual(await vault.keys("p"), inOrder);
    assert.deepEqual((await vault.list("p")).map((record) => record.key), inOrder);
    for (const record of await vault.list("p")) {
      assert.equal(record.value, `value of ${record.key}`);
    }
  },

  "a prefix is taken literally": async (vault) => {
    const keys = ["a%b", "a_b", "aXb", "a*b", "a[b", "a'b", "a\u{10ffff}", "a\u{10ffff}z", "b"];
    await vault.write(keys.map((key) => put(key, "")));

    assert.deepEqual(await vault.keys("a%"), ["a%b"]);
    assert.deepEqual(await vault.keys("a_"), ["a_b"]);
    assert.deepEqual(await vault.keys("a*"), ["a*b"]);
    assert.deepEqual(await vault.keys("a["), ["a[b"]);
    assert.deepEqual(await vault.keys("a'"), ["a'b"]);
    assert.deepEqual(await vault.keys("a\u{10ffff}"), ["a\u{10ffff}", "a\u{10ffff}z"]);
    assert.deepEqual(await vault.keys("\u{10ffff}"), []);
    assert.equal((await vault.keys("")).length, keys.length);
    assert.deepEqual(await vault.list("c"), []);
  },

  "records read before a change do not change": async (vault) => {
    await vault.write([put("a", "1")]);
    const [before] = await vault.list("a");
    await vault.write([put("a", "2")]);
    assert.equal(before?.value, "1");
  },

  "of two writes with the same `expected`, one wins": async (vault) => {
    await vault.write([put("a", "0")]);
    const revision = await revisionOf(vault, "a");
    const results = await Promise.allSettled(
      ["1", "2", "3"].map((value) => vault.write([put("a", value, revision)])),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  },

  "a record that was read is gone once it is removed, and anew once it is made again": async (
    vault,
  ) => {
    await vault.write([put("a", "1")]);
    const before = await vault.get("a");
    await vault.write([remove("a")]);
    assert.equal(await vault.get("a"), null);

    await vault.write([put("a", "2")]);
    const after = await vault.get("a");
    assert.equal(after?.value, "2");
    assert.notEqual(after?.revision, before?.revision);
  },

  "a batch that fails leaves a record as it was read": async (vault) => {
    await vault.write([put("a", "1")]);
    const before = await vault.get("a");
    await assert.rejects(vault.write([put("a", "2"), put("b", "2", 7)]), VaultConflictError);
    assert.deepEqual(await vault.get("a"), before);
  },

  "a closed vault says so": async (vault) => {
    await vault.write([put("a", "1")]);
    await vault.get("a");
    vault.close();
    await assert.rejects(vault.get("a"), StoreUnavailableError);
    await assert.rejects(vault.write([put("a", "1")]), StoreUnavailableError);
    vault.close();
  },
};

for (const [name, check] of Object.entries(CONTRACT)) {
  Deno.test(`MemoryVault: ${name}`, async () => {
    const vault = new MemoryVault();
    await check(vault);
    vault.close();
  });

  for (const isAlone of [false, true]) {
    Deno.test(`SqliteVault${isAlone ? ", alone" : ""}: ${name}`, async () => {
      const home = await Deno.makeTempDir({ prefix: "authsome-vault-" });
      const vault = await openSqliteVault({
        path: `${home}/vault.db`,
        keyFilePath: `${home}/master.key`,
        masterKey: { source: "key_file", secret: null },
        isAlone,
      });
      try {
        await check(vault);
      } finally {
        vault.close();
        await Deno.remove(home, { recursive: true });
      }
    });
  }
}
