/**
 * One daemon for a home.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../../core/errors.ts";
import { holdSingleInstance } from "../../../daemon/vault/single_instance.ts";
import { VaultHome } from "./vault_home.ts";

const HOLDER = new URL("./hold_instance.ts", import.meta.url).href;

Deno.test("a second holder is refused and told who holds it", async () => {
  await using home = await VaultHome.create();
  const lock = holdSingleInstance(`${home.directory}/daemon.lock`, 4711);

  assert.throws(() => holdSingleInstance(`${home.directory}/daemon.lock`, 4712), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /process id 4711 is using it/);
    return true;
  });

  lock.release();
  holdSingleInstance(`${home.directory}/daemon.lock`, 4712).release();
});

Deno.test("the lock is free again once its holder was killed", async () => {
  await using home = await VaultHome.create();
  const path = `${home.directory}/daemon.lock`;
  const holder = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "-A", HOLDER, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = holder.stdout.getReader();
  await output.read();
  assert.throws(() => holdSingleInstance(path, 1), StoreUnavailableError);

  holder.kill("SIGKILL");
  await holder.status;

  holdSingleInstance(path, 1).release();
  await output.cancel();
  await holder.stdin.close().catch(() => {});
});

Deno.test("a lock file that cannot be made is reported with its path", async () => {
  await using home = await VaultHome.create();
  const path = `${home.directory}/missing/daemon.lock`;

  assert.throws(() => holdSingleInstance(path, 1), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.ok(error.message.includes(path));
    return true;
  });
});
