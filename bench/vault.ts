/**
 * The vault against raw `node:sqlite` that keeps the same bytes with the same pragmas: once in clear,
 * and once sealed with the same cipher.
 *
 * @module
 */
import { openSqliteVault, type SqliteVault } from "../daemon/vault/sqlite_vault.ts";
import type { BenchRow } from "./bench_row.ts";
import { measureInterleaved } from "./measure.ts";
import { RawStore } from "./raw_store.ts";

/** Records stored beforehand; reads and writes go over all of them in turn. */
const RECORDS = 1000;
/** Operations in one sample. */
const GETS = 1000;
const PUTS = 100;
const ROUNDS = 25;

/** A connection's JSON is about as long. */
const VALUE = JSON.stringify({ api_key: "k".repeat(100), metadata: "m".repeat(380) });

/** Put (one transaction, synced) and get, in microseconds for one record. */
export async function benchVault(): Promise<BenchRow[]> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source: "key_file", secret: null },
  });
  const clear = new RawStore(`${directory}/clear.db`, null);
  const sealed = new RawStore(`${directory}/sealed.db`, crypto.getRandomValues(new Uint8Array(32)));
  try {
    for (const key of keys(RECORDS)) {
      await vault.write([{ type: "put", key, value: VALUE }]);
      clear.put(key, VALUE);
      sealed.put(key, VALUE);
    }
    const put = await measureInterleaved({
      vault: () => putEach(vault),
      sealed: () => keys(PUTS).forEach((key) => sealed.put(key, VALUE)),
      clear: () => keys(PUTS).forEach((key) => clear.put(key, VALUE)),
    }, ROUNDS);
    const get = await measureInterleaved({
      vault: () => getEach(vault),
      sealed: () => keys(GETS).forEach((key) => sealed.get(key)),
      clear: () => keys(GETS).forEach((key) => clear.get(key)),
    }, ROUNDS);
    return [
      row("vault put, synced", put.vault, "raw node:sqlite, sealed alike", put.sealed, PUTS, true),
      row("vault put, synced", put.vault, "raw node:sqlite, in clear", put.clear, PUTS, true),
      row("vault get", get.vault, "raw node:sqlite, sealed alike", get.sealed, GETS, true),
      row("vault get", get.vault, "raw node:sqlite, in clear", get.clear, GETS, false),
    ];
  } finally {
    vault.close();
    clear.close();
    sealed.close();
    await Deno.remove(directory, { recursive: true });
  }
}

function row(
  name: string,
  ms: number,
  other: string,
  otherMs: number,
  operations: number,
  bounded: boolean,
): BenchRow {
  const each = (total: number) => total * 1000 / operations;
  return {
    name,
    value: each(ms),
    unit: "µs",
    against: { name: other, value: each(otherMs) },
    ...(bounded ? { bound: { of: "ratio", side: "at most", limit: 2 } } : {}),
    note: `${VALUE.length} bytes, ${RECORDS} records stored`,
  };
}

async function putEach(vault: SqliteVault): Promise<void> {
  for (const key of keys(PUTS)) await vault.write([{ type: "put", key, value: VALUE }]);
}

async function getEach(vault: SqliteVault): Promise<void> {
  for (const key of keys(GETS)) await vault.get(key);
}

let next = 0;

/** So many keys, going on where the last call ended. */
function keys(count: number): string[] {
  return Array.from(
    { length: count },
    () => `vault:vault_0123456789ab:github:connection:c${next++ % RECORDS}`,
  );
}
