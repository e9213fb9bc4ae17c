/**
 * A backup's file: what opens it, and everything that does not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { InvalidInputError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import { openBackup, sealBackup } from "../../../daemon/records/backup_file.ts";
import { PASSPHRASE_COST } from "../../../daemon/vault/passphrase_key.ts";

const PASSPHRASE = new Secret("correct horse battery");
/** A real derivation costs 150 ms; what it costs is in the file. */
const CHEAP = { memory_kib: 64, passes: 1, parallelism: 1 };
const TEXT = JSON.stringify({
  secret: "sk-live-Zq8vN3xK7pL2mT9w",
  more: "x".repeat(3000),
  ü: "😀",
});
const HEAD = 57;

async function refused(bytes: Uint8Array, message: RegExp, passphrase = PASSPHRASE): Promise<void> {
  await assert.rejects(openBackup(bytes, passphrase), (error: unknown) => {
    assert.ok(error instanceof InvalidInputError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("sk-live"));
    return true;
  });
}

/** The checksum at the end made right again, as somebody would who changes the file on purpose. */
function summed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, bytes.length - 32);
  return new Uint8Array([...body, ...createHash("sha256").update(body).digest()]);
}

Deno.test("a backup opens with its passphrase, however that was composed", async () => {
  const bytes = await sealBackup(TEXT, new Secret("caf\u00e9 au lait, bitte"), CHEAP);
  assert.equal(await openBackup(bytes, new Secret("cafe\u0301 au lait, bitte")), TEXT);
});

Deno.test("a backup is sealed at the usual cost, and says so in its head", async () => {
  const bytes = await sealBackup(TEXT, PASSPHRASE);
  const view = new DataView(bytes.buffer);
  assert.deepEqual(
    [view.getUint32(17), view.getUint32(21), view.getUint32(25)],
    [PASSPHRASE_COST.memory_kib, PASSPHRASE_COST.passes, PASSPHRASE_COST.parallelism],
  );
  assert.equal(await openBackup(bytes, PASSPHRASE), TEXT);
});

Deno.test("nothing of the text is in the file, and no two files of it are alike", async () => {
  const [one, other] = [
    await sealBackup(TEXT, PASSPHRASE, CHEAP),
    await sealBackup(TEXT, PASSPHRASE, CHEAP),
  ];
  const text = new TextDecoder("latin1").decode(one);
  assert.ok(!text.includes("sk-live") && !text.includes("xxxx"));
  assert.notDeepEqual(one.slice(29, HEAD), other.slice(29, HEAD), "salt and nonce are new");
  assert.notDeepEqual(one.slice(HEAD, HEAD + 32), other.slice(HEAD, HEAD + 32));
});

Deno.test("one bit flipped, in every byte of the head and of the end and here and there between", async () => {
  const whole = await sealBackup(TEXT, PASSPHRASE, CHEAP);
  const places = [
    ...Array.from({ length: HEAD }, (_, at) => at),
    ...Array.from({ length: 60 }, (_, i) => HEAD + Math.floor(i * (whole.length - HEAD - 48) / 60)),
    ...Array.from({ length: 48 }, (_, i) => whole.length - 48 + i),
  ];
  for (const at of places) {
    for (const bit of [0, 7]) {
      const bytes = whole.with(at, whole[at]! ^ (1 << bit));
      await refused(bytes, at < 16 ? /it is no backup/ : /it is damaged or cut short/);
    }
  }
});

Deno.test("the same with a checksum that was made to fit: the seal notices", async (t) => {
  const whole = await sealBackup(TEXT, PASSPHRASE, CHEAP);
  const places: Readonly<Record<string, number>> = {
    "the memory that Argon2id takes": 20,
    "its passes": 24,
    "its lanes": 28,
    "the salt": 29,
    "the nonce": 45,
    "the first byte of the ciphertext": HEAD,
    "the middle": Math.floor(whole.length / 2),
    "the tag": whole.length - 40,
  };
  for (const [name, at] of Object.entries(places)) {
    await t.step(
      name,
      () => refused(summed(whole.with(at, whole[at]! ^ 2)), /the passphrase is wrong/),
    );
  }
});

Deno.test("a wrong passphrase says so", async (t) => {
  const bytes = await sealBackup(TEXT, PASSPHRASE, CHEAP);
  for (
    const wrong of ["correct horse batterx", "Correct horse battery", "x", "correct horse battery "]
  ) {
    await t.step(wrong, () => refused(bytes, /the passphrase is wrong/, new Secret(wrong)));
  }
});

Deno.test("a backup that is cut short is refused wherever it was cut", async () => {
  const whole = await sealBackup(TEXT, PASSPHRASE, CHEAP);
  for (let length = 16; length < whole.length; length += 37) {
    await refused(whole.slice(0, length), /damaged or cut short/);
  }
  await refused(new Uint8Array([...whole, 0]), /damaged or cut short/);
  await refused(new Uint8Array([...whole, ...whole]), /damaged or cut short/);
});

Deno.test("what is no backup is refused as such", async (t) => {
  const FILES: Readonly<Record<string, Uint8Array>> = {
    "nothing": new Uint8Array(),
    "fifteen bytes of one": new TextEncoder().encode("authsome backup"),
    "a text": new TextEncoder().encode("not a backup\n".repeat(100)),
    "zeros": new Uint8Array(5000),
    "a database": new TextEncoder().encode("SQLite format 3\0".padEnd(4096, "\0")),
  };
  for (const [name, bytes] of Object.entries(FILES)) {
    await t.step(name, () => refused(bytes, /it is no backup of authsome/));
  }
});

Deno.test("a backup from a newer authsome is refused with what to do", async () => {
  const newer = summed((await sealBackup(TEXT, PASSPHRASE, CHEAP)).with(16, 2));
  await assert.rejects(openBackup(newer, PASSPHRASE), (error: unknown) => {
    assert.ok(error instanceof InvalidInputError);
    assert.match(error.message, /newer authsome \(format 2, known here: 1\)/);
    assert.match(error.hint ?? "", /Upgrade authsome/);
    return true;
  });
});

Deno.test("parameters that would take all memory are refused before anything is derived", async (t) => {
  const whole = await sealBackup(TEXT, PASSPHRASE, CHEAP);
  const CHANGES: Readonly<Record<string, readonly [at: number, value: number]>> = {
    "memory": [17, 0x7fff_ffff],
    "passes": [21, 0xffff_ffff],
    "lanes": [25, 1000],
    "less memory than the lanes need": [25, 9],
    "no memory": [17, 0],
    "no passes": [21, 0],
  };
  for (const [name, [at, value]] of Object.entries(CHANGES)) {
    await t.step(name, async () => {
      const bytes = whole.slice();
      new DataView(bytes.buffer).setUint32(at, value);
      await refused(summed(bytes), /its passphrase parameters make no sense/);
    });
  }
});
