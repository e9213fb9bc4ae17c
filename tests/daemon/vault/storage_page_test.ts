/**
 * `docs/storage.md` says what the code does.
 *
 * @module
 */
import assert from "node:assert/strict";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url));
const quoted = (text: string) =>
  new Set([...text.matchAll(/`((?:vault|server):[^`]+)`/g)].map((match) => match[1]!));

Deno.test("the storage page lists every form of key", () => {
  const page = quoted(read("docs/storage.md"));
  const source = quoted(read("daemon/records/record_key.ts"));

  const forms = [...source].filter((form) => !form.endsWith(":") && !form.includes("$"));

  assert.ok(forms.length > 10);
  assert.deepEqual(forms.filter((form) => !page.has(form)), []);
});
