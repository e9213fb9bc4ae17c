import assert from "node:assert/strict";
import { didKey, publicKeyOf } from "../../core/did_key.ts";

/** From the did:key method's own test vectors for Ed25519. */
const DID = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
const PUBLIC_KEY = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

Deno.test("didKey() makes the known name of a known key", () => {
  assert.equal(didKey(Uint8Array.fromHex(PUBLIC_KEY)), DID);
});

Deno.test("publicKeyOf() gives the key back", () => {
  assert.equal(publicKeyOf(DID)?.toHex(), PUBLIC_KEY);
  const zeros = new Uint8Array(32);
  assert.deepEqual(publicKeyOf(didKey(zeros)), zeros);
});

Deno.test("publicKeyOf() takes nothing else for a key", async (t) => {
  const rows: readonly [name: string, did: string][] = [
    ["nothing", ""],
    ["another method", "did:web:acme.com"],
    ["no key", "did:key:z"],
    ["a letter that base58 lacks", `${DID.slice(0, -1)}0`],
    ["a cut key", DID.slice(0, -1)],
    [
      "a key of another kind (secp256k1)",
      "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
    ],
    ["something after it", `${DID}#key-1`],
    ["a leading one", `did:key:z1${DID.slice("did:key:z".length)}`],
    ["a very long one", `did:key:z${"1".repeat(100_000)}`],
  ];
  for (const [name, did] of rows) await t.step(name, () => assert.equal(publicKeyOf(did), null));
});
