import assert from "node:assert/strict";
import { samplePattern } from "../../proxy/pattern_sample.ts";
import { makePlaceholder, placeholderVariables } from "../../proxy/placeholders.ts";

const variable = (name: string, overrides = {}) => ({
  name,
  provider: "acme",
  connection: "default",
  field: "api_key",
  pattern: null,
  value: null,
  ...overrides,
});

/** Shapes of real keys, as definitions write them. */
const PATTERNS = [
  "sk-[A-Za-z0-9_-]{20,}",
  "^sk-ant-api03-[A-Za-z0-9_-]{93}AA$",
  "ghp_[A-Za-z0-9]{36}",
  "(?:ghp|gho|ghu)_[A-Za-z0-9]{36,255}",
  "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  "\\d{8,10}:[A-Za-z0-9_-]{35}",
  "xox[baprs]-[0-9A-Za-z-]+",
  "AIza[0-9A-Za-z\\-_]{35}",
  "key-\\w{32}",
  "[^\\s]+",
  "(live|test)_[A-Z]{2}(?:-[0-9]{4}){3}",
  "SG\\.[\\w-]{22}\\.[\\w-]{43}",
];

for (const pattern of PATTERNS) {
  Deno.test(`a placeholder has the form of the key: ${pattern}`, () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const placeholder = makePlaceholder({ pattern });
      assert.match(placeholder, new RegExp(`^(?:${pattern})$`, "u"));
      seen.add(placeholder);
    }
    assert.equal(seen.size, 20, "each is another one");
  });
}

Deno.test("a placeholder can be recognised where the pattern leaves room", () => {
  assert.match(makePlaceholder({ pattern: "sk-[A-Za-z0-9_-]{20,}" }), /^sk-authsome[\w-]{32}$/);
  assert.match(makePlaceholder({ pattern: null }), /^authsome-placeholder-[a-z0-9]{32}$/);
});

const BEYOND = [
  "(?=x)y+",
  "(a)\\1",
  "[a-z",
  "a{2",
  "\\p{L}+",
  "(?<name>x)",
  "a{100000}",
  "[^\\w]",
  "",
  "x",
];

for (const pattern of BEYOND) {
  Deno.test(`a pattern that cannot be sampled or is too short gets a plain placeholder: ${pattern}`, () => {
    assert.match(makePlaceholder({ pattern }), /^authsome-placeholder-/);
  });
}

Deno.test("samplePattern() is quick with patterns that grow", () => {
  const sample = samplePattern("(?:(?:(?:a{9}){9}){9}){9}", {
    random: () => 0,
    length: 40,
    mark: "authsome",
  });
  assert.equal(sample, null);
});

Deno.test("variables: a placeholder for a secret, the value for what is none", () => {
  const environment = placeholderVariables([
    variable("ACME_KEY"),
    variable("ACME_TOKEN"),
    variable("ACME_OTHER", { field: "secret" }),
    variable("ACME_URL", { field: "base_url", value: "https://eu.acme.test" }),
  ]);

  assert.equal(environment["ACME_URL"], "https://eu.acme.test");
  assert.equal(environment["ACME_KEY"], environment["ACME_TOKEN"]);
  assert.notEqual(environment["ACME_KEY"], environment["ACME_OTHER"]);
});
