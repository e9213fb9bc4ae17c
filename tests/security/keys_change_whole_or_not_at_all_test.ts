/**
 * Invariant: durable before acknowledged, for the vault's keys. A process that changes them is killed
 * with `kill -9`, at random and behind every step. Afterwards the vault opens, with the old master key
 * or with the new one, every record is there under one data key, and nothing is left of the other.
 *
 * `AUTHSOME_TEST_KILLS` sets how many processes die at random; 80 when it is not set.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { DaemonBoot } from "../../core/boot.ts";
import { readKeyCandidates } from "../../daemon/vault/key_file.ts";
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import { startWorker } from "../support/killed_worker.ts";
import { type KeyChangePlace, numberedKey } from "./change_keys_until_killed.ts";

const KILLS = Number(Deno.env.get("AUTHSOME_TEST_KILLS") ?? "80");
const WORKER = new URL("./change_keys_until_killed.ts", import.meta.url);
const RECORDS = 150;
/** What `daemon/change_master_key.ts` says of itself. */
const STEPS = {
  key_file: [
    "the key file holds the old key and the new one",
    "the vault has the new data key",
    "the key file holds the new key alone",
    "the vault has the new keys",
    "nothing of the old keys is left",
  ],
  environment: ["the vault has the new keys", "nothing of the old keys is left"],
} as const;

for (const source of ["key_file", "environment"] as const) {
  Deno.test(`keys in ${source}: ${KILLS / 2} processes killed at random leave the old or the new`, async () => {
    await withVault(source, async (directory) => {
      let number = 0;
      const moments = new Set<number>();
      for (let kills = 0; kills < KILLS / 2; kills++) {
        const before = number;
        const begun = 1 + kills % 3;
        const told = await killAtRandom({ directory, source, number, dieAfter: null }, begun);
        number = await checkVault(directory, source, told);
        moments.add(number - before);
      }
      assert.ok(number > KILLS / 4, `${number} changes were made`);
      assert.ok(moments.size > 1, "they died at different moments");
    });
  });

  for (const step of STEPS[source]) {
    Deno.test(`keys in ${source}: killed when ${step}`, async () => {
      await withVault(source, async (directory) => {
        const worker = startWorker(WORKER, place(directory, source, step));
        assert.equal(await worker.line(), "1");
        assert.equal(await worker.line(), null, "it died there");
        await worker.kill();

        const isNew = step !== "the key file holds the old key and the new one";
        assert.equal(await checkVault(directory, source, 1), isNew ? 1 : 0);
      });
    });
  }
}

Deno.test("keys in key_file: a change is made after one that was cut short", async () => {
  await withVault("key_file", async (directory) => {
    for (const step of STEPS.key_file) {
      const worker = startWorker(WORKER, place(directory, "key_file", step));
      while (await worker.line() !== null);
      await worker.kill();
    }
    // Five changes were begun; the first of them was not yet made when its process died.
    assert.equal(await checkVault(directory, "key_file", 4), 4);
  });
});

function place(
  directory: string,
  source: KeyChangePlace["source"],
  dieAfter: string,
): KeyChangePlace {
  return { directory, source, number: 0, dieAfter };
}

/** Behind the beginning of so many changes. Gives the number of the one that was under way. */
async function killAtRandom(place: KeyChangePlace, begun: number): Promise<number> {
  const worker = startWorker(WORKER, place);
  for (let n = 0; n < begun; n++) await worker.line();
  // Not waiting for anything: the moment is the point. A change takes some ten milliseconds.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 25));
  await worker.kill();
  return Number(Deno.readTextFileSync(`${place.directory}/told`).trim().split("\n").at(-1));
}

/** Opens the vault as the next daemon would; gives the number of changes it has seen. */
async function checkVault(
  directory: string,
  source: KeyChangePlace["source"],
  told: number,
): Promise<number> {
  const candidates: DaemonBoot["master_key"][] = source === "key_file"
    ? [{ source, secret: null }]
    : [told - 1, told].map((number) => ({ source, secret: numberedKey(number) }));
  const opened: number[] = [];
  for (const masterKey of candidates) {
    try {
      const vault = await openSqliteVault({ ...files(directory), masterKey });
      const records = await vault.list("");
      vault.close();
      assert.equal(records.length, RECORDS);
      for (const { key, value } of records) assert.equal(value, valueOf(key));
      opened.push(candidates.indexOf(masterKey));
    } catch (error) {
      if ((error as { code?: string }).code !== "master_key_unavailable") throw error;
    }
  }
  assert.equal(opened.length, 1, "one of the two keys opens it, and the other does not");

  using database = new DatabaseSync(`${directory}/vault.db`);
  const keys = database.prepare("SELECT id FROM data_key").all().map(({ id }) => Number(id));
  const sealed = database.prepare(
    "SELECT DISTINCT hex(substr(sealed, 2, 4)) AS id FROM record",
  ).all();
  assert.equal(keys.length, 1);
  assert.deepEqual(sealed.map(({ id }) => parseInt(String(id), 16)), keys);
  assert.equal(database.prepare("SELECT * FROM meta WHERE name = 'erase'").get(), undefined);
  const number = keys[0]! - 1;
  assert.ok(number === told || number === told - 1, `change ${told} was under way, ${number} seen`);
  if (source === "key_file") {
    assert.equal(readKeyCandidates(files(directory).keyFilePath).length, 1);
    const names = Array.from(Deno.readDirSync(directory), ({ name }) => name);
    assert.deepEqual(names.filter((name) => name.endsWith(".tmp")), []);
  }
  return number;
}

async function withVault(
  source: KeyChangePlace["source"],
  work: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-keys-" });
  try {
    const secret = source === "key_file" ? null : numberedKey(0);
    const vault = await openSqliteVault({ ...files(directory), masterKey: { source, secret } });
    const keys = Array.from({ length: RECORDS }, (_, i) => `record:${i}`);
    await vault.write(keys.map((key) => ({ type: "put", key, value: valueOf(key) })));
    vault.close();
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function files(directory: string): { readonly path: string; readonly keyFilePath: string } {
  return { path: `${directory}/vault.db`, keyFilePath: `${directory}/master.key` };
}

function valueOf(key: string): string {
  return `${key} ${"0123456789".repeat(80)}`;
}
