/** What is looked for in a body. */
import assert from "node:assert/strict";
import { spellingsOf } from "../../proxy/placeholder_spellings.ts";

Deno.test("spellingsOf() has one spelling of a text that no encoder changes", () => {
  assert.deepEqual(spellingsOf("sk-authsome_0123.x"), ["sk-authsome_0123.x"]);
});

Deno.test("spellingsOf() has what the usual encoders write", () => {
  const text = "authsome/a+b=c~d*e&f";
  const spellings = new Set(spellingsOf(text));
  const form = new URLSearchParams({ text }).toString().slice("text=".length);
  const written = {
    "encodeURIComponent": encodeURIComponent(text),
    "encodeURI": encodeURI(text),
    "a form": form,
    "a form in lower case": form.replace(/%../g, (code) => code.toLowerCase()),
    "JSON": JSON.stringify(text).slice(1, -1),
    "JSON by PHP": "authsome\\/a+b=c~d*e&f",
    "JSON by Go": "authsome/a+b=c~d*e\\u0026f",
    "JSON by .NET": "authsome/a\\u002Bb=c~d*e\\u0026f",
  };
  for (const [encoder, spelling] of Object.entries(written)) {
    assert.ok(spellings.has(spelling), `${encoder}: ${spelling}`);
  }
});
