import assert from "node:assert/strict";
import { inspect } from "node:util";
import { REDACTED, Secret } from "../../core/secret.ts";

Deno.test("a Secret shows its mask wherever it is printed", async (t) => {
  const secret = new Secret("hush");
  const rows: readonly [name: string, print: () => string][] = [
    ["a template", () => `${secret}`],
    ["a concatenation", () => "" + secret],
    ["JSON", () => JSON.stringify({ secret, list: [secret] })],
    ["Deno's inspector", () => Deno.inspect({ nested: { secret } }, { showHidden: true })],
    ["Node's inspector", () => inspect({ nested: { secret } }, { showHidden: true, depth: 9 })],
    ["its entries", () => JSON.stringify(Object.entries(secret))],
    ["a spread", () => JSON.stringify({ ...secret })],
    ["an error", () => String(new Error(`Cannot use ${secret}`))],
  ];
  for (const [name, print] of rows) {
    await t.step(name, () => assert.equal(print().includes("hush"), false));
  }
  assert.equal(`${secret}`, REDACTED);
});

Deno.test("a Secret does not survive a structured clone", () => {
  assert.equal(JSON.stringify(structuredClone({ ...new Secret("hush") })).includes("hush"), false);
});

Deno.test("reveal() alone gives the value", () => {
  assert.equal(new Secret("hush").reveal(), "hush");
  assert.equal(new Secret("").isEmpty, true);
  assert.equal(new Secret("hush").isEmpty, false);
});
