import assert from "node:assert/strict";
import { parseJsonc } from "../../core/jsonc.ts";

Deno.test("parseJsonc() reads JSON as it is", () => {
  assert.deepEqual(parseJsonc('{"a":"// no \\" comment /* */ ,]","b":[1,2]}'), {
    a: '// no " comment /* */ ,]',
    b: [1, 2],
  });
});

Deno.test("parseJsonc() reads comments, trailing commas and a byte order mark", () => {
  const text = '\ufeff{ // one\n "a": [1, 2, /* three */ ],\r\n /* "b": 1, */ "c": "x,}", }';
  assert.deepEqual(parseJsonc(text), { a: [1, 2], c: "x,}" });
});

Deno.test("parseJsonc() reads nothing else", async (t) => {
  for (const text of ["", "//", "/*", "{'a':1}", "{a:1}", "[,]", "[1,,2]", "{} x", '"a', "/**/"]) {
    await t.step(JSON.stringify(text), () => {
      assert.throws(() => parseJsonc(text), SyntaxError);
    });
  }
});

Deno.test("parseJsonc() takes time in proportion to a hostile text", () => {
  for (const unit of ["/*", "//", '"', '"\\', ",", "/", "*/"]) {
    assert.throws(() => parseJsonc(unit.repeat(100_000)), SyntaxError);
  }
});
