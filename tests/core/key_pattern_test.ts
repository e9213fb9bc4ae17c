import assert from "node:assert/strict";
import { describeOddKey, matchesKeyPattern, parseKeyPattern } from "../../core/key_pattern.ts";

Deno.test("matchesKeyPattern() holds the pattern to the whole value", () => {
  assert.equal(matchesKeyPattern("sk-[a-z]+", "sk-abc"), true);
  assert.equal(matchesKeyPattern("sk-[a-z]+", "x sk-abc"), false);
  assert.equal(matchesKeyPattern("^sk-[a-z]+$", "sk-abc\n"), false);
  assert.equal(matchesKeyPattern("a|b", "ax"), false);
});

Deno.test("matchesKeyPattern() does not look at a value that would be costly", () => {
  assert.equal(matchesKeyPattern(".*a.*a.*b", "a".repeat(100_000)), true);
});

Deno.test("parseKeyPattern() refuses catastrophic patterns", async (t) => {
  for (
    const pattern of [
      "(a+)+",
      "(a*)*b",
      "(a|a)*b",
      "([a-z]+)*$",
      "(a{1,9}){9}",
      "a?".repeat(30) + "a".repeat(30),
      "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)",
      "(?:(?:a|a)?){2}",
      ".*.*.*.*x",
      "a{1,999}a{1,999}a{1,999}a{1,999}",
      "(?=a)a",
      "(?<!a)a",
      "(?<n>a)\\k<n>",
      "(a)\\1",
      "\\p{L}",
      "[a-z",
      "a{2}{3}",
      "+",
      "",
      "a".repeat(301),
    ]
  ) {
    await t.step(pattern.slice(0, 40), () => {
      assert.throws(() => parseKeyPattern(pattern), RangeError);
    });
  }
});

const ODD: readonly (readonly [value: string, says: string | null])[] = [
  ["sk-abcdefgh", null],
  ["abcdefgh", "API key does not have the usual form. It usually begins with sk- or pk-"],
  [
    "pk-!",
    "API key does not have the usual form: it begins with pk- as it should, but its length or a " +
    "character is not usual",
  ],
  ["sk-abc defgh", "API key holds white space; was it pasted whole?"],
];

for (const [value, says] of ODD) {
  Deno.test(`describeOddKey() of ${JSON.stringify(value)}`, () => {
    const form = {
      label: "API key",
      secret: true,
      pattern: "^[sp]k-[a-z]{8,}$",
      pattern_hint: "It usually begins with sk- or pk-",
    };

    assert.equal(describeOddKey(form, value), says);
  });
}

Deno.test("describeOddKey() finds white space in a key of no known form, and lets JSON be", () => {
  const form = { label: "Key", secret: true };

  assert.equal(describeOddKey(form, "abc def"), "Key holds white space; was it pasted whole?");
  assert.equal(describeOddKey(form, '{"type": "service_account"}'), null);
  assert.equal(describeOddKey({ ...form, secret: false }, "My Company"), null);
});
