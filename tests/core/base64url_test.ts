import { deepEqual, equal, throws } from "node:assert/strict";
import { fromBase64Url, toBase64Url } from "../../core/base64url.ts";

/** RFC 4648 section 10, less the padding; and both letters in which it differs from base64. */
const VECTORS: Readonly<Record<string, readonly number[]>> = {
  "": [],
  "Zg": [0x66],
  "Zm8": [0x66, 0x6f],
  "Zm9v": [0x66, 0x6f, 0x6f],
  "Zm9vYg": [0x66, 0x6f, 0x6f, 0x62],
  "-_8": [0xfb, 0xff],
};

/** Calls `work` as if the runtime were Node.js 20. */
function withoutArrayMethods(work: () => void): void {
  const { toBase64 } = Uint8Array.prototype;
  const { fromBase64 } = Uint8Array;
  try {
    Object.assign(Uint8Array.prototype, { toBase64: undefined });
    Object.assign(Uint8Array, { fromBase64: undefined });
    work();
  } finally {
    Object.assign(Uint8Array.prototype, { toBase64 });
    Object.assign(Uint8Array, { fromBase64 });
  }
}

function checkVectors(): void {
  for (const [text, bytes] of Object.entries(VECTORS)) {
    equal(toBase64Url(Uint8Array.from(bytes)), text);
    deepEqual([...fromBase64Url(text)], bytes);
  }
  throws(() => fromBase64Url("a b!"));
}

Deno.test("base64url is written and read as in RFC 4648", checkVectors);

Deno.test("base64url is the same where arrays have no methods for it", () => {
  withoutArrayMethods(checkVectors);
});
