import assert from "node:assert/strict";
import { findJsonFault, parseJsonc } from "../../core/jsonc.ts";
import { lineOf, linesOfJson } from "../../core/jsonc_lines.ts";

const TEXT = `{
  // a name
  "name": "acme", "flow": "pkce",
  /* two
     lines */ "hosts": [
    "api.acme.test",
    { "url": "files.acme.test",
      "injection": { "type": "header" } },
  ],
  "oauth": {
    "scopes": ["a",
      "b"], "pkce": true,
  }, "n": -1.5e3,
  "with.dot": null,
  "quo\\"te": ""
}`;

Deno.test("linesOfJson() knows the line of each place, comments and all", () => {
  parseJsonc(TEXT);
  const lines = linesOfJson(TEXT);
  const rows: readonly (readonly [string, number])[] = [
    ["", 1],
    ["name", 3],
    ["flow", 3],
    ["hosts", 5],
    ["hosts.0", 6],
    ["hosts.1", 7],
    ["hosts.1.url", 7],
    ["hosts.1.injection", 8],
    ["hosts.1.injection.type", 8],
    ["oauth", 10],
    ["oauth.scopes", 11],
    ["oauth.scopes.1", 12],
    ["oauth.pkce", 12],
    ["n", 13],
    ["with.dot", 14],
    ['quo"te', 15],
  ];
  assert.deepEqual(rows.map(([path]) => [path, lines.get(path)]), rows);
});

Deno.test("lineOf() says where something is missing", () => {
  const lines = linesOfJson(TEXT);
  assert.equal(lineOf(lines, "oauth.token_url"), 10);
  assert.equal(lineOf(lines, "hosts.1.injection.value"), 8);
  assert.equal(lineOf(lines, "display_name"), 1);
  assert.equal(lineOf(new Map(), "display_name"), null);
});

Deno.test("linesOfJson() takes any text, and a hostile one in time that fits its length", () => {
  for (const text of ["", '"', "{", "}", "]]", '{"a"', "[,", '{"a":{"b":[1,', "{1:2}"]) {
    assert.doesNotThrow(() => linesOfJson(text), text);
  }
  for (const unit of ["[", "{", '{"a":', ",", "/*", '"', "]", "a"]) {
    linesOfJson(unit.repeat(20_000));
  }
});

Deno.test("findJsonFault() names the place of the first character that does not fit", () => {
  const rows: readonly (readonly [string, number, number])[] = [
    ["", 1, 1],
    ["{} x", 1, 4],
    ["/* one\n two */ {\n // three\n 'a': 1 }", 4, 2],
    ['{\n "a": 1,\n "b" 2\n}', 3, 6],
    ['{\n "a": xyz\n}', 2, 7],
    ['{\n "a": tru,\n "b": 1 }', 2, 10],
    ['{ "a": [1, 2 }', 1, 14],
    ['{ "a": "b\n" }', 1, 10],
    ['{ "a": 1. }', 1, 10],
    ['{ "a": "\\x" }', 1, 10],
    ['{\n "a": [', 2, 8],
    ['{\n "a": "b', 2, 9],
    ["{ /* open", 1, 3],
    ['{ "a": 1,, }', 1, 10],
  ];
  for (const [text, line, column] of rows) {
    assert.deepEqual(findJsonFault(text), { line, column }, text);
  }
  assert.equal(findJsonFault('\ufeff{ "a": 1, } // fine'), null);
});

Deno.test("findJsonFault() takes time that fits a hostile text", () => {
  for (const unit of ["[", "{", '{"a":', ",", "/*", '"', "]", "a"]) {
    assert.doesNotThrow(() => findJsonFault(unit.repeat(50_000)));
  }
});
