/**
 * Our SHA-256 against the standard's examples and the runtime's own.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { sha256Hex } from "../../core/sha256.ts";

const EXAMPLES = {
  "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
};

Deno.test("sha256Hex() gives the digests of FIPS 180-4", async () => {
  for (const [text, digest] of Object.entries(EXAMPLES)) {
    equal(await sha256Hex(new TextEncoder().encode(text)), digest);
  }
});

Deno.test("sha256Hex() agrees with the runtime at every length around its block and its limit", async () => {
  for (const length of [...Array(200).keys(), 4095, 4096, 4097, 70_000]) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(length, 65_536)));
    const digest = createHash("sha256").update(bytes).digest("hex");

    equal(await sha256Hex(bytes), digest, `${length} bytes`);
  }
});
