/**
 * What goes wrong with files, in words a person can act on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../../core/errors.ts";
import { storeError } from "../../../daemon/vault/store_error.ts";
import { VaultHome } from "./vault_home.ts";

const sqlite = (message: string, errcode?: number) =>
  Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
const system = (code: string) => Object.assign(new Error(`${code} (os error)`), { code });

const CASES: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "SQLITE_FULL": [sqlite("database or disk is full", 13), /the disk is full/],
  "SQLITE_FULL without its number": [sqlite("database or disk is full"), /the disk is full/],
  "SQLITE_BUSY": [sqlite("database is locked", 5), /another process is writing/],
  "SQLITE_BUSY_SNAPSHOT": [sqlite("database is locked", 517), /another process is writing/],
  "SQLITE_READONLY_DBMOVED": [sqlite("attempt to write a readonly database", 1032), /may not be/],
  "SQLITE_IOERR_WRITE": [sqlite("disk I/O error", 778), /the disk reports an error/],
  "SQLITE_CORRUPT": [sqlite("database disk image is malformed", 11), /damaged/],
  "SQLITE_NOTADB": [sqlite("file is not a database", 26), /no vault/],
  "anything else of SQLite": [sqlite("something new", 99), /SQLite reports an error/],
  "ENOSPC": [system("ENOSPC"), /the disk is full/],
  "EROFS": [system("EROFS"), /read-only/],
  "EACCES": [system("EACCES"), /permission denied/],
};

Deno.test("storeError() tells what is the case and with which file", async (t) => {
  for (const [name, [error, state]] of Object.entries(CASES)) {
    await t.step(name, () => {
      const told = storeError("write the vault", "/home/vault.db", error);
      assert.ok(told instanceof StoreUnavailableError);
      assert.match(told.message, /^Cannot write the vault \/home\/vault\.db: /);
      assert.match(told.message, state);
      assert.equal(told.cause, error);
    });
  }
});

Deno.test("storeError() leaves other errors alone", () => {
  for (const error of [new TypeError("mine"), new Error("plain"), null, "text"]) {
    assert.equal(storeError("read the vault", "/v", error), error);
  }
});

Deno.test("a vault in a directory that is not there is a clear error", async () => {
  await using home = await VaultHome.create();
  Deno.removeSync(home.directory);

  const opening = home.open({ source: "keyring", secret: "ab".repeat(32) });

  await assert.rejects(opening, (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /its directory is missing/);
    return true;
  });
  Deno.mkdirSync(home.directory);
});
