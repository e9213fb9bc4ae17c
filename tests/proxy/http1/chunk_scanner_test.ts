import assert from "node:assert/strict";
import { Refusal } from "../../../proxy/fail_closed.ts";
import { ChunkScanner } from "../../../proxy/http1/chunk_scanner.ts";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Feeds `text` in pieces of `size`; where the body ended, or null when it has not. */
function scan(text: string, size: number): number | null {
  const scanner = new ChunkScanner("request");
  const all = bytes(text);
  for (let from = 0; from < all.length; from += size) {
    const to = Math.min(from + size, all.length);
    const at = scanner.scan(all, from, to);
    if (scanner.isDone) return at;
    assert.equal(at, to);
  }
  return null;
}

const COMPLETE: Readonly<Record<string, string>> = {
  "no chunk": "0\r\n\r\n",
  "one chunk": "5\r\nhello\r\n0\r\n\r\n",
  "several chunks": "1\r\na\r\nA\r\n0123456789\r\n00000\r\n\r\n",
  "an extension": '5;name=value;q="x y"\r\nhello\r\n0;last\r\n\r\n',
  "space around an extension": "5 ; a=b\r\nhello\r\n0 \r\n\r\n",
  "trailers": "0\r\nX-Checksum: abc\r\ngrpc-status: 0\r\n\r\n",
  "line ends inside data": "4\r\n\r\n\r\n\r\n0\r\n\r\n",
};

for (const [name, text] of Object.entries(COMPLETE)) {
  Deno.test(`ChunkScanner finds the end after ${name}, however it is cut`, () => {
    for (let size = 1; size <= text.length + 3; size++) {
      assert.equal(scan(text + "GET", size), text.length);
    }
  });
}

/** The tricks of published request smuggling: a line end that only one side takes for one. */
const BROKEN: Readonly<Record<string, string>> = {
  "a size that is no number": "x\r\n",
  "an empty size": "\r\n",
  "a prefixed size": "0x5\r\nhello",
  "a signed size": "+5\r\nhello",
  "a negative size": "-1\r\n",
  "an endless size": "0000000000000\r\n",
  "a size that overflows": "fffffffffffff\r\n",
  "a bare line feed after the size": "5\nhello",
  "a bare carriage return after the size": "5\rhello",
  "a bare line feed in an extension": "5;a\nhello",
  "a bare carriage return in an extension": "5;a\rb\r\nhello",
  "a NUL in an extension": "5;\0\r\nhello",
  "letters behind the padding": "5 5\r\nhello",
  "data longer than its size": "2\r\nabc\r\n",
  "data without its line end": "2\r\nab0\r\n\r\n",
  "a bare line feed after data": "2\r\nab\n0\r\n\r\n",
  "a bare line feed at the end": "0\r\n\n",
  "a folded trailer": "0\r\nX: 1\r\n y\r\n\r\n",
  "a trailer without a colon": "0\r\nX\r\n\r\n",
  "a trailer without a name": "0\r\n: 1\r\n\r\n",
  "a space in a trailer's name": "0\r\nX y: 1\r\n\r\n",
  "a trailer whose name is no token": "0\r\nX(y): 1\r\n\r\n",
  "a trailer that names the host": "0\r\nX: 1\r\nhOST: evil.test\r\n\r\n",
  "a trailer that says a length": "0\r\nContent-Length: 5\r\n\r\n",
  "a trailer that says who asks": "0\r\nAuthorization: Bearer other\r\n\r\n",
  "a bare line feed in a trailer": "0\r\nX: 1\nY: 2\r\n\r\n",
  "trailers without end": "0\r\nX: " + "a".repeat(70_000),
  "an extension without end": "5;" + "a".repeat(5_000),
};

for (const [name, text] of Object.entries(BROKEN)) {
  Deno.test(`ChunkScanner refuses ${name}, however it is cut`, () => {
    for (const size of [1, 2, 3, 7, text.length]) {
      assert.throws(() => scan(text, size), Refusal);
    }
  });
}

Deno.test("ChunkScanner blames the server for a broken answer", () => {
  const scanner = new ChunkScanner("response");
  assert.throws(
    () => scanner.scan(bytes("x"), 0, 1),
    (error: Refusal) => error.status === 502,
  );
});
