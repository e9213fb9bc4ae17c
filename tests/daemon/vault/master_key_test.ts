/**
 * The master key: what counts as one, how it opens a vault, and what a broken one says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { MasterKeyError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import { readKeyFile, readOrCreateKeyFile } from "../../../daemon/vault/key_file.ts";
import {
  deriveWrappingKey,
  givenMasterKeys,
  type KeyDerivation,
  newDerivation,
} from "../../../daemon/vault/master_key.ts";
import { VaultHome } from "./vault_home.ts";

const BYTES = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 251);
const SALT = "00112233445566778899aabbccddeeff";

const environment = (text: string) =>
  ({ source: "environment", secret: new Secret(text) }) as const;

Deno.test("32 bytes in hex and in both base64 alphabets are one master key", async () => {
  const texts = [
    BYTES.toHex(),
    BYTES.toHex().toUpperCase(),
    BYTES.toBase64(),
    BYTES.toBase64({ alphabet: "base64url" }),
    BYTES.toBase64({ alphabet: "base64url", omitPadding: true }),
    `  ${BYTES.toBase64()} `,
  ];
  const expected = new Uint8Array(
    hkdfSync(
      "sha256",
      BYTES,
      Uint8Array.fromHex(SALT),
      "authsome wrapping key 1 uid",
      32,
    ),
  );
  for (const text of texts) {
    assert.equal(newDerivation(environment(text)).type, "hkdf-sha256");
    const key = await deriveWrappingKey(
      environment(text),
      { type: "hkdf-sha256", salt: SALT },
      "uid",
    );
    assert.deepEqual(key, expected, text);
  }
});

Deno.test("anything else is a passphrase", () => {
  for (const text of ["correct horse", BYTES.toHex().slice(1), BYTES.toBase64() + "A", "00"]) {
    assert.equal(newDerivation(environment(text)).type, "argon2id");
  }
  const typed = { source: "passphrase", secret: new Secret(BYTES.toHex()) } as const;
  assert.equal(newDerivation(typed).type, "argon2id");
});

Deno.test("a vault made with a passphrase opens with it, however its accents were typed", async () => {
  await using home = await VaultHome.create();
  const made = await home.open({ source: "passphrase", secret: "caf\u00e9 au lait" });
  await made.write([{ type: "put", key: "a", value: "1" }]);
  made.close();

  const opened = await home.open({ source: "environment", secret: "cafe\u0301 au lait\n" });

  assert.equal((await opened.get("a"))?.value, "1");
  assert.ok(!home.files().has("master.key"), "no key file besides a passphrase");
});

Deno.test("a wrong passphrase does not open the vault", async () => {
  await using home = await VaultHome.create();
  (await home.open({ source: "passphrase", secret: "the right words" })).close();

  await assert.rejects(home.open({ source: "passphrase", secret: "wrong" }), MasterKeyError);
});

Deno.test("no vault is made with a passphrase that is soon guessed", async () => {
  await using home = await VaultHome.create();

  for (const source of ["environment", "passphrase"] as const) {
    await assert.rejects(home.open({ source, secret: "hunter2" }), (error: MasterKeyError) => {
      assert.match(error.message, /^Cannot make the vault: .* has fewer than 12 characters$/);
      return true;
    });
  }
  assert.deepEqual([...home.files().keys()].filter((name) => name.startsWith("vault")), []);
});

Deno.test("a passphrase for a vault with a 32-byte key says which kind is wanted", async () => {
  await using home = await VaultHome.create();
  (await home.open({ source: "keyring", secret: BYTES.toBase64() })).close();

  await assert.rejects(
    home.open({ source: "environment", secret: "a passphrase" }),
    /it was made with a key of 32 bytes, and AUTHSOME_MASTER_KEY holds no such key/,
  );
});

Deno.test("an empty master key is refused by the name of its source", () => {
  for (const secret of ["", "\n", null]) {
    assert.throws(() => givenMasterKeys({ source: "keyring", secret }), (error: unknown) => {
      assert.ok(error instanceof MasterKeyError);
      assert.match(error.message, /the keyring is empty/);
      return true;
    });
  }
});

Deno.test("parameters in a changed vault cannot make opening it take all memory", async () => {
  const derivation: KeyDerivation = {
    type: "argon2id",
    salt: SALT,
    memory_kib: 2 ** 31,
    passes: 3,
    parallelism: 1,
  };
  await assert.rejects(deriveWrappingKey(environment("x"), derivation, "uid"), MasterKeyError);
});

Deno.test("the key file is made once, readable by its owner alone, and read again", async () => {
  await using home = await VaultHome.create();
  const made = readOrCreateKeyFile(home.keyFilePath);
  const again = readOrCreateKeyFile(home.keyFilePath);

  assert.equal(again.secret.reveal(), made.secret.reveal());
  const { mode, nlink } = Deno.lstatSync(home.keyFilePath);
  if (mode !== null) assert.equal(mode & 0o777, 0o600);
  assert.equal(nlink, 1);
  assert.deepEqual([...home.files().keys()], ["master.key"]);
  const content = JSON.parse(Deno.readTextFileSync(home.keyFilePath));
  assert.equal(content.version, 1);
  assert.equal(content.algorithm, "AES-256-GCM");
  assert.equal(Uint8Array.fromBase64(content.key).length, 32);
});

Deno.test("a key file that cannot be used is an error, with a vault and without", async (t) => {
  const good = JSON.stringify({ version: 1, key: BYTES.toBase64(), algorithm: "AES-256-GCM" });
  const FILES: Readonly<Record<string, readonly [string, RegExp]>> = {
    "empty": ["", /cut short or not JSON/],
    "truncated": [good.slice(0, 30), /cut short or not JSON/],
    "garbage": ["\u0000\u0001\ufffd", /cut short or not JSON/],
    "null": ["null", /not a key file of version 1/],
    "a newer version": [good.replace('"version":1', '"version":2'), /not a key file of version 1/],
    "a short key": [JSON.stringify({ version: 1, key: "AAAA" }), /no key of 32 bytes/],
    "a key that is no text": [JSON.stringify({ version: 1, key: 7 }), /no key of 32 bytes/],
  };
  for (const [name, [text, message]] of Object.entries(FILES)) {
    await t.step(name, async () => {
      await using home = await VaultHome.create();
      Deno.writeTextFileSync(home.keyFilePath, text, { mode: 0o600 });
      const check = (error: unknown) => {
        assert.ok(error instanceof MasterKeyError);
        assert.match(error.message, message);
        assert.ok(error.hint !== undefined);
        return true;
      };

      await assert.rejects(home.open(), check);
      (await home.open({ source: "keyring", secret: BYTES.toBase64() })).close();
      await assert.rejects(home.open(), check);
      assert.equal(Deno.readTextFileSync(home.keyFilePath), text, "left as it is");
    });
  }
});

Deno.test("a key file that others can read is refused with the command that mends it", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using home = await VaultHome.create();
  readOrCreateKeyFile(home.keyFilePath);
  Deno.chmodSync(home.keyFilePath, 0o640);

  assert.throws(() => readKeyFile(home.keyFilePath), (error: unknown) => {
    assert.ok(error instanceof MasterKeyError);
    assert.match(error.message, /its mode 0640 lets others read it/);
    assert.match(error.hint ?? "", /^Run: chmod 600 /);
    return true;
  });
});

Deno.test("a symlink in the key file's place is refused", async () => {
  await using home = await VaultHome.create();
  Deno.symlinkSync("/dev/null", home.keyFilePath);

  assert.throws(() => readOrCreateKeyFile(home.keyFilePath), /not a plain file/);
});

Deno.test("a key file from an interrupted first start is used by the next", async () => {
  await using home = await VaultHome.create();
  const key = readOrCreateKeyFile(home.keyFilePath).secret.reveal();

  await home.open();

  assert.equal(readKeyFile(home.keyFilePath).secret.reveal(), key);
});
