/**
 * The daemon's part of new keys: each source of the master key, and what is refused.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { MasterKeySource } from "../../core/boot.ts";
import {
  InvalidInputError,
  MasterKeyError,
  StoreUnavailableError,
  VaultConflictError,
  VaultSealError,
} from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { masterKeyChanger } from "../../daemon/change_master_key.ts";
import { readKeyCandidates, readKeyFile } from "../../daemon/vault/key_file.ts";
import type { SqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import { VaultHome } from "./vault/vault_home.ts";

const OLD = "ab".repeat(32);
const NEW = new Secret("cd".repeat(32));

function changer(
  home: VaultHome,
  vault: SqliteVault,
  source: MasterKeySource,
  steps: string[] = [],
) {
  return masterKeyChanger({
    vault,
    source,
    keyFilePath: home.keyFilePath,
    now: () => new Date("2026-03-01T12:00:00Z"),
    onStep: (step) => void steps.push(step),
  });
}

async function openWith(home: VaultHome, source: MasterKeySource): Promise<SqliteVault> {
  const vault = await home.open({ source, secret: source === "key_file" ? null : OLD });
  await vault.write([{ type: "put", key: "a", value: "1" }]);
  return vault;
}

Deno.test("a key in server/master.key is made anew, and the old one is in no file", async () => {
  await using home = await VaultHome.create();
  const vault = await openWith(home, "key_file");
  const before = readKeyFile(home.keyFilePath).secret.reveal();
  const steps: string[] = [];

  const changed = await changer(home, vault, "key_file", steps)(null);

  assert.deepEqual(changed, { source: "key_file", records: 1, key_id: 2, erased: true });
  assert.equal(steps.length, 5);
  for (const bytes of home.files().values()) {
    assert.ok(!new TextDecoder("latin1").decode(bytes).includes(before));
  }
  const { mode } = Deno.lstatSync(home.keyFilePath);
  if (mode !== null) assert.equal(mode & 0o777, 0o600);
  vault.close();
  assert.equal((await (await home.open()).get("a"))?.value, "1");
});

for (const source of ["keyring", "passphrase", "environment", "environment_file"] as const) {
  Deno.test(`a key in ${source} is changed to the one that is brought`, async () => {
    await using home = await VaultHome.create();
    const vault = await openWith(home, source);

    const changed = await changer(home, vault, source)(NEW);

    assert.equal(changed.source, source);
    vault.close();
    await assert.rejects(home.open({ source, secret: OLD }), MasterKeyError);
    const again = await home.open({ source, secret: NEW.reveal() });
    assert.equal((await again.get("a"))?.value, "1");
    assert.ok(!home.files().has("master.key"));
  });
}

const REFUSED: readonly (readonly [
  name: string,
  source: MasterKeySource,
  given: string | null,
  message: RegExp,
])[] = [
  ["a key of one's own for the key file", "key_file", NEW.reveal(), /gets a random one/],
  ["none for the environment", "environment", null, /a new one for AUTHSOME_MASTER_KEY is needed/],
  ["none for a passphrase", "passphrase", null, /a new one for the passphrase is needed/],
  ["a short passphrase", "passphrase", "eleven char", /fewer than 12 characters/],
  ["eleven letters that are more bytes", "passphrase", "ä".repeat(11), /fewer than 12 characters/],
  ["the key that is in use", "environment", OLD, /is the one in use/],
];
for (const [name, source, given, message] of REFUSED) {
  Deno.test(`new keys: ${name} is refused, and nothing is changed`, async () => {
    await using home = await VaultHome.create();
    const vault = await openWith(home, source);
    const before = home.files().get("master.key");

    await assert.rejects(
      changer(home, vault, source)(given === null ? null : new Secret(given)),
      (error: unknown) => {
        assert.ok(error instanceof InvalidInputError, String(error));
        assert.match(error.message, message);
        if (given !== null) assert.ok(!error.message.includes(given));
        return true;
      },
    );

    assert.deepEqual(home.files().get("master.key"), before);
    vault.close();
    await home.open({ source, secret: source === "key_file" ? null : OLD });
  });
}

Deno.test("a change that a damaged record stops leaves the key file as it was", async () => {
  await using home = await VaultHome.create();
  const vault = await openWith(home, "key_file");
  const before = home.files().get("master.key");
  home.tamper((db) => db.exec("UPDATE record SET revision = revision + 1"));

  await assert.rejects(changer(home, vault, "key_file")(null), VaultSealError);

  assert.deepEqual(home.files().get("master.key"), before);
});

Deno.test("a change that the store stops leaves both keys: which one fits is not known", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(undefined, 1);
  const before = readKeyFile(home.keyFilePath).secret.reveal();
  using other = new DatabaseSync(home.path);
  other.exec("BEGIN IMMEDIATE");

  await assert.rejects(changer(home, vault, "key_file")(null), StoreUnavailableError);

  const kept = readKeyCandidates(home.keyFilePath).map(({ secret }) => secret.reveal());
  assert.equal(kept.length, 2);
  assert.equal(kept[0], before);
});

Deno.test("two changes at once: one is made, the other refused", async () => {
  await using home = await VaultHome.create();
  const vault = await openWith(home, "key_file");
  const changeKeys = changer(home, vault, "key_file");

  const [one, other] = await Promise.allSettled([changeKeys(null), changeKeys(null)]);

  assert.equal(one.status, "fulfilled");
  assert.ok(other.status === "rejected" && other.reason instanceof VaultConflictError);
  assert.equal((await changeKeys(null)).key_id, 3, "and later ones are made again");
  vault.close();
  await home.open();
});

Deno.test("a key file that is missing or cannot be replaced stops the change before the vault", async (t) => {
  const HARMS: Readonly<Record<string, (path: string) => void>> = {
    "it is missing": (path) => Deno.removeSync(path),
    "it is garbage": (path) => Deno.writeTextFileSync(path, "{"),
    "others may read it": (path) => Deno.chmodSync(path, 0o644),
    "a directory is in its place": (path) => {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
  };
  for (const [name, harm] of Object.entries(HARMS)) {
    await t.step(name, async () => {
      await using home = await VaultHome.create();
      const vault = await openWith(home, "key_file");
      const { secret } = readKeyFile(home.keyFilePath);
      harm(home.keyFilePath);

      await assert.rejects(changer(home, vault, "key_file")(null), MasterKeyError);

      vault.close();
      const text = secret.reveal();
      const again = await home.open({ source: "environment", secret: text });
      assert.equal((await again.get("a"))?.value, "1", "the key of before opens it");
    });
  }
});
