/**
 * The vault in a file: what holds only there. See `vault_contract_test.ts` for what every vault does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import {
  MasterKeyError,
  StoreUnavailableError,
  VaultConflictError,
  VaultSealError,
} from "../../../core/errors.ts";
import { newDataKey, wrapDataKey } from "../../../daemon/vault/data_key.ts";
import { readKeyFile } from "../../../daemon/vault/key_file.ts";
import { deriveWrappingKey } from "../../../daemon/vault/master_key.ts";
import { SqliteVault } from "../../../daemon/vault/sqlite_vault.ts";
import { VaultHome } from "./vault_home.ts";

const RAW_KEY = { source: "environment", secret: "ab".repeat(32) } as const;
const ANOTHER_RAW_KEY = { source: "environment", secret: "cd".repeat(32) } as const;

Deno.test("a vault closed and opened again holds what was written", async () => {
  await using home = await VaultHome.create();
  const first = await home.open();
  await first.write([{ type: "put", key: "a", value: "one" }]);
  const before = await first.get("a");
  first.close();

  assert.deepEqual(await (await home.open()).get("a"), before);
});

Deno.test("every file of the vault is its owner's alone from the start", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  await vault.write([{ type: "put", key: "a", value: "one" }]);

  const names = [...home.files().keys()];
  assert.deepEqual(names, ["master.key", "vault.db", "vault.db-shm", "vault.db-wal"]);
  for (const name of names) {
    const { mode } = Deno.lstatSync(`${home.directory}/${name}`);
    if (mode !== null) assert.equal(mode & 0o777, 0o600, name);
  }
});

Deno.test("the text of a value is in no file, not while open, not after, not once deleted", async () => {
  await using home = await VaultHome.create();
  const secret = "sk-live-Zq8vN3xK7pL2mT9w";
  const vault = await home.open();
  for (let i = 0; i < 50; i++) {
    await vault.write([{ type: "put", key: `k${i % 5}`, value: `{"api_key":"${secret}"}` }]);
  }
  const whileOpen = home.files();
  await vault.write([{ type: "delete", key: "k0" }]);
  vault.close();

  for (const [name, bytes] of [...whileOpen, ...home.files()]) {
    const text = new TextDecoder("latin1").decode(bytes);
    assert.ok(!text.includes(secret), name);
    assert.ok(!text.includes(btoa(secret).slice(0, 20)), name);
    assert.ok(!text.includes([...secret].join("\0")), name);
  }
  assert.ok(whileOpen.get("vault.db-wal")!.length > 0, "the log was looked at");
});

Deno.test("a record's ciphertext put in another's place does not open", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  await vault.write([
    { type: "put", key: "vault:v:acme:connection:mine", value: "my key" },
    { type: "put", key: "vault:v:evil:connection:mine", value: "their key" },
    { type: "put", key: "untouched", value: "fine" },
  ]);
  home.tamper((database) =>
    database.exec(
      "UPDATE record SET (revision, sealed) = (SELECT revision, sealed FROM record " +
        "WHERE key LIKE '%acme%') WHERE key LIKE '%evil%'",
    )
  );

  await assert.rejects(vault.get("vault:v:evil:connection:mine"), (error: unknown) => {
    assert.ok(error instanceof VaultSealError);
    assert.match(error.message, /vault:v:evil:connection:mine/);
    assert.ok(!error.message.includes('key"') && !error.message.includes("my key"));
    return true;
  });
  await assert.rejects(vault.list("vault:v:"), VaultSealError);
  assert.equal((await vault.get("vault:v:acme:connection:mine"))?.value, "my key");
  assert.equal((await vault.get("untouched"))?.value, "fine");
});

Deno.test("a vault that keeps sealed rows finds a changed one as soon as it is told to look", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(undefined, 5000, true);
  await vault.write([{ type: "put", key: "a", value: "one" }]);
  await vault.get("a");
  home.tamper((database) => database.exec("UPDATE record SET revision = revision + 1"));

  await assert.rejects(vault.get("a", { anew: true }), VaultSealError);
  home.tamper((database) => database.exec("DELETE FROM record"));
  assert.equal(await vault.get("a", { anew: true }), null);
  assert.equal(await vault.get("a"), null);
});

interface Row {
  key: string;
  revision: number;
  sealed: Uint8Array;
}

Deno.test("each way to change a record's row is noticed", async (t) => {
  const flip = (bytes: Uint8Array, at: number) => bytes.with(at, bytes.at(at)! ^ 1);
  const CHANGES: Readonly<Record<string, (row: Row) => Partial<Row>>> = {
    "the revision": ({ revision }) => ({ revision: revision + 1 }),
    "the key": () => ({ key: "b" }),
    "the version byte": ({ sealed }) => ({ sealed: flip(sealed, 0) }),
    "the key id": ({ sealed }) => ({ sealed: flip(sealed, 4) }),
    "the nonce": ({ sealed }) => ({ sealed: flip(sealed, 5) }),
    "one bit of the ciphertext": ({ sealed }) => ({ sealed: flip(sealed, 17) }),
    "one bit of the tag": ({ sealed }) => ({ sealed: flip(sealed, sealed.length - 1) }),
    "the tag cut off": ({ sealed }) => ({ sealed: sealed.slice(0, -16) }),
    "everything cut off": () => ({ sealed: new Uint8Array() }),
    "a byte added": ({ sealed }) => ({ sealed: new Uint8Array([...sealed, 0]) }),
  };
  for (const [name, change] of Object.entries(CHANGES)) {
    await t.step(name, async () => {
      await using home = await VaultHome.create();
      const vault = await home.open();
      await vault.write([{ type: "put", key: "a", value: "the value of a" }]);
      home.tamper((database) => {
        const row = database.prepare("SELECT * FROM record").get() as unknown as Row;
        const { key, revision, sealed } = { ...row, ...change(row) };
        database.prepare("UPDATE record SET key = ?, revision = ?, sealed = ?")
          .run(key, revision, sealed);
      });

      await assert.rejects(vault.list(""), VaultSealError);
    });
  }
});

Deno.test("an old value brought back under the newer revision does not open", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  await vault.write([{ type: "put", key: "a", value: "revoked token" }]);
  const old = home.tamper((db) => db.prepare("SELECT sealed FROM record").get()!.sealed);
  await vault.write([{ type: "put", key: "a", value: "new token" }]);
  home.tamper((db) => db.prepare("UPDATE record SET sealed = ?").run(old as Uint8Array));

  await assert.rejects(vault.get("a"), VaultSealError);
});

Deno.test("the same value is never sealed to the same bytes", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    await vault.write([{ type: "put", key: "a", value: "same" }]);
    const row = home.tamper((db) => db.prepare("SELECT sealed FROM record").get()!);
    seen.add((row.sealed as Uint8Array).slice(5, 17).toHex());
  }
  assert.equal(seen.size, 20);
});

Deno.test("another master key opens nothing and changes nothing", async () => {
  await using home = await VaultHome.create();
  (await home.open(RAW_KEY)).close();
  const before = home.files();

  await assert.rejects(home.open(ANOTHER_RAW_KEY), (error: unknown) => {
    assert.ok(error instanceof MasterKeyError);
    assert.match(error.message, /AUTHSOME_MASTER_KEY is not the master key it was made with/);
    assert.ok(!error.message.includes(ANOTHER_RAW_KEY.secret));
    return true;
  });
  assert.deepEqual(home.files().get("vault.db"), before.get("vault.db"));
  await home.open(RAW_KEY);
});

Deno.test("a wrapped data key does not open in another vault", async () => {
  await using mine = await VaultHome.create();
  await using theirs = await VaultHome.create();
  (await mine.open(RAW_KEY)).close();
  (await theirs.open(RAW_KEY)).close();
  const row = mine.tamper((db) => db.prepare("SELECT derivation, wrapped FROM data_key").get()!);
  theirs.tamper((db) =>
    db.prepare("UPDATE data_key SET derivation = ?, wrapped = ?")
      .run(String(row.derivation), row.wrapped as Uint8Array)
  );

  await assert.rejects(theirs.open(RAW_KEY), MasterKeyError);
});

Deno.test("a missing key file beside a vault is an error and makes no new key", async () => {
  await using home = await VaultHome.create();
  (await home.open()).close();
  Deno.removeSync(home.keyFilePath);

  await assert.rejects(home.open(), (error: unknown) => {
    assert.ok(error instanceof MasterKeyError);
    assert.match(error.message, /master\.key is missing/);
    assert.match(error.hint ?? "", /Restore/);
    return true;
  });
  assert.ok(![...home.files().keys()].includes("master.key"));
});

Deno.test("a vault cut short is refused and left as it is", async (t) => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  for (let i = 0; i < 40; i++) {
    await vault.write([{ type: "put", key: `k${i}`, value: "v".repeat(500) }]);
  }
  vault.close();
  const whole = Deno.readFileSync(home.path);
  for (const length of [0, 1, 99, 100, 512, 4096, whole.length / 2, whole.length - 1]) {
    await t.step(`${length} of ${whole.length} bytes`, async () => {
      const cut = whole.slice(0, length);
      Deno.writeFileSync(home.path, cut);

      await assert.rejects(home.open(), (error: unknown) => {
        assert.ok(error instanceof StoreUnavailableError, String(error));
        assert.match(error.message, /cut short|damaged/);
        return true;
      });
      assert.deepEqual(Deno.readFileSync(home.path), cut);
    });
  }
});

Deno.test("a damaged vault is refused and left as it is", async (t) => {
  await using home = await VaultHome.create();
  const vault = await home.open();
  for (let i = 0; i < 40; i++) {
    await vault.write([{ type: "put", key: `k${i}`, value: "v".repeat(500) }]);
  }
  vault.close();
  const whole = Deno.readFileSync(home.path);
  const DAMAGE: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
    "a page of zeros": (bytes) => bytes.fill(0, 4096, 8192),
    "a page of ones": (bytes) => bytes.fill(0xff, bytes.length - 4096),
    "a text": () => new TextEncoder().encode("not a database, ".repeat(600)),
  };
  for (const [name, damage] of Object.entries(DAMAGE)) {
    await t.step(name, async () => {
      const bytes = damage(whole.slice());
      Deno.writeFileSync(home.path, bytes);

      await assert.rejects(home.open(), StoreUnavailableError);
      assert.deepEqual(Deno.readFileSync(home.path), bytes);
    });
  }
});

Deno.test("another program's database is refused", async () => {
  await using home = await VaultHome.create();
  home.tamper((database) => database.exec("CREATE TABLE bookmarks (url TEXT)"));

  await assert.rejects(home.open(), /it is a database, but no vault/);
});

Deno.test("a vault from a newer version is refused and left as it is", async () => {
  await using home = await VaultHome.create();
  (await home.open()).close();
  home.tamper((db) => db.exec("UPDATE meta SET value = '2' WHERE name = 'schema_version'"));
  const before = home.files();

  await assert.rejects(home.open(), (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /newer authsome \(schema version 2\)/);
    return true;
  });
  assert.deepEqual(home.files().get("vault.db"), before.get("vault.db"));
});

Deno.test("a log without its vault is no reason to make a new one", async () => {
  await using home = await VaultHome.create();
  Deno.writeTextFileSync(`${home.path}-wal`, "committed records");

  await assert.rejects(home.open(), /missing beside its log/);
  assert.deepEqual([...home.files().keys()], ["vault.db-wal"]);
});

Deno.test("a symlink in the vault's place is refused", async () => {
  await using home = await VaultHome.create();
  Deno.writeTextFileSync(`${home.directory}/elsewhere`, "");
  Deno.symlinkSync(`${home.directory}/elsewhere`, home.path);

  await assert.rejects(home.open(), /not a plain file/);
});

Deno.test("what a crash left of a vault in the making is made again", async () => {
  await using home = await VaultHome.create();
  for (const end of ["", "-wal", "-journal"]) {
    Deno.writeTextFileSync(`${home.path}.new${end}`, "half a vault");
  }

  await (await home.open()).write([{ type: "put", key: "a", value: "1" }]);

  assert.ok(![...home.files().keys()].some((name) => name.includes(".new")));
});

Deno.test("a full disk refuses the whole batch, and the vault goes on", async () => {
  await using home = await VaultHome.create();
  (await home.open(RAW_KEY)).close();
  using database = new DatabaseSync(home.path);
  const { page_count } = database.prepare("PRAGMA page_count").get()!;
  database.exec(`PRAGMA max_page_count = ${Number(page_count) + 8}`);
  const vault = new SqliteVault(home.path, database, new Map([[1, newDataKey(1)]]));
  await vault.write([{ type: "put", key: "kept", value: "before" }]);

  const big = "x".repeat(60_000);
  await assert.rejects(
    vault.write([
      { type: "put", key: "kept", value: "after" },
      { type: "put", key: "big", value: big },
    ]),
    (error: unknown) => {
      assert.ok(error instanceof StoreUnavailableError);
      assert.match(error.message, /the disk is full/);
      return true;
    },
  );

  assert.equal((await vault.get("kept"))?.value, "before");
  assert.equal(await vault.get("big"), null);
  await vault.write([{ type: "put", key: "kept", value: "later" }]);
  assert.equal((await vault.get("kept"))?.value, "later");
  vault.close();
});

/** What can happen to the file of an open vault. */
const TAKEN_AWAY: Readonly<Record<string, (home: VaultHome) => void>> = {
  "removed": (home) => Deno.removeSync(home.path),
  "moved away": (home) => Deno.renameSync(home.path, `${home.directory}/elsewhere.db`),
  "replaced by a copy": (home) => {
    Deno.copyFileSync(home.path, `${home.directory}/copy.db`);
    Deno.renameSync(`${home.directory}/copy.db`, home.path);
  },
  "removed with its home": (home) => Deno.removeSync(home.directory, { recursive: true }),
};

for (const [name, takeAway] of Object.entries(TAKEN_AWAY)) {
  Deno.test(`nothing is acknowledged once the vault's file was ${name}`, async () => {
    await using home = await VaultHome.create();
    const vault = await home.open();
    await vault.write([{ type: "put", key: "a", value: "1" }]);

    takeAway(home);

    await assert.rejects(vault.write([{ type: "put", key: "a", value: "2" }]), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailableError);
      assert.match(error.message, /its file was (removed|replaced) while it was open/);
      return true;
    });
    assert.equal((await vault.get("a"))?.value, "1");
  });
}

Deno.test("two processes on one vault: a write with an old revision conflicts", async () => {
  await using home = await VaultHome.create();
  const [one, other] = [await home.open(), await home.open()];
  await one.write([{ type: "put", key: "a", value: "1" }]);
  const { revision } = (await other.get("a"))!;
  await one.write([{ type: "put", key: "a", value: "2" }]);

  await assert.rejects(
    other.write([{ type: "put", key: "a", value: "3", expected: revision }]),
    VaultConflictError,
  );
  assert.equal((await other.get("a"))?.value, "2");
});

Deno.test("a write says when another process keeps the vault locked", async () => {
  await using home = await VaultHome.create();
  const vault = await home.open(RAW_KEY, 1);
  using other = new DatabaseSync(home.path);
  other.exec("BEGIN IMMEDIATE");

  await assert.rejects(vault.write([{ type: "put", key: "a", value: "1" }]), (error: unknown) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(error.message, /another process is writing/);
    return true;
  });

  other.exec("ROLLBACK");
  await vault.write([{ type: "put", key: "a", value: "1" }]);
});

Deno.test("with several data keys the newest seals and the older ones still open", async () => {
  await using home = await VaultHome.create();
  const before = await home.open();
  await before.write([{ type: "put", key: "old", value: "sealed under 1" }]);
  before.close();
  const uid = String(
    home.tamper((db) => db.prepare("SELECT value FROM meta WHERE name = 'uid'").get()!.value),
  );
  const derivation = String(
    home.tamper((db) => db.prepare("SELECT derivation FROM data_key").get()!.derivation),
  );
  const master = readKeyFile(home.keyFilePath);
  const wrapping = await deriveWrappingKey(master, JSON.parse(derivation), uid);
  const wrapped = wrapDataKey(wrapping, uid, newDataKey(2));
  home.tamper((db) =>
    db.prepare("INSERT INTO data_key VALUES (2, ?, ?, '2026-01-01T00:00:00Z')")
      .run(derivation, wrapped)
  );

  const vault = await home.open();
  await vault.write([{ type: "put", key: "new", value: "sealed under 2" }]);

  assert.equal((await vault.get("old"))?.value, "sealed under 1");
  assert.equal((await vault.get("new"))?.value, "sealed under 2");
  const ids = home.tamper((db) =>
    db.prepare("SELECT hex(substr(sealed, 2, 4)) AS id FROM record ORDER BY key DESC").all()
  ).map((row) => row.id);
  assert.deepEqual(ids, ["00000001", "00000002"]);
});

Deno.test("the vault works with nothing but its own directory to read and write", async () => {
  await using home = await VaultHome.create();
  const program = fileURLToPath(new URL("./use_confined_vault.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-lock",
      "--cached-only",
      `--allow-read=${home.directory}`,
      `--allow-write=${home.directory}`,
      program,
      home.directory,
    ],
    clearEnv: true,
    env: { HOME: home.directory, DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
  }).output();

  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), "kept and read back");
});
