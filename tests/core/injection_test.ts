import assert from "node:assert/strict";
import {
  fillExtraHeaders,
  fillInjection,
  fillTemplate,
  type Injection,
  injectionTemplates,
  templateVariables,
} from "../../core/injection.ts";
import { Secret } from "../../core/secret.ts";

Deno.test("fillInjection() fills each scheme from the connection's fields", async (t) => {
  const values = { api_key: new Secret("k-1"), email: "me@acme.com" };
  const rows: readonly [name: string, injection: Injection, filled: unknown][] = [
    [
      "header",
      { type: "header", name: "Authorization", value: "Token token={api_key}" },
      { type: "header", name: "Authorization", value: "Token token=k-1" },
    ],
    [
      "basic",
      { type: "basic", username: "{email}/token", password: "{api_key}" },
      { type: "basic", username: "me@acme.com/token", password: "k-1" },
    ],
    [
      "basic with an empty half",
      { type: "basic", username: "", password: "{api_key}" },
      { type: "basic", username: "", password: "k-1" },
    ],
    [
      "query",
      { type: "query", name: "key", value: "{api_key}" },
      { type: "query", name: "key", value: "k-1" },
    ],
    [
      "path",
      { type: "path", pattern: "/file/bot{api_key}/" },
      { type: "path", pattern: "/file/bot{}/", value: "k-1" },
    ],
    [
      "literal",
      { type: "literal", fields: ["api_key", "email"] },
      { type: "literal", values: { api_key: "k-1", email: "me@acme.com" } },
    ],
  ];
  for (const [name, injection, filled] of rows) {
    await t.step(name, () => assert.deepEqual(fillInjection(injection, values), filled));
  }
});

Deno.test("fillTemplate() puts a secret in once: braces inside it are no template", () => {
  const values = { api_key: new Secret("{email}$&$1"), email: "me@acme.com" };
  assert.equal(fillTemplate("Bearer {api_key}", values), "Bearer {email}$&$1");
});

Deno.test("fillTemplate() refuses a name without a value, inherited ones included", () => {
  assert.throws(() => fillTemplate("{access_token}", {}), RangeError);
  assert.throws(() => fillTemplate("{constructor}", {}), RangeError);
});

Deno.test("fillInjection() refuses a value that would end its header line", async (t) => {
  for (const value of ["a\r\nHost: evil.test", "a\nb", "a\0b", "a\x7fb"]) {
    await t.step(JSON.stringify(value), () => {
      const values = { api_key: new Secret(value) };
      const header: Injection = { type: "header", name: "X-Key", value: "{api_key}" };
      assert.throws(() => fillInjection(header, values), RangeError);
      const basic: Injection = { type: "basic", username: "x", password: "{api_key}" };
      assert.throws(() => fillInjection(basic, values), RangeError);
      assert.throws(() => fillExtraHeaders({ "X-Key": "{api_key}" }, values), RangeError);
    });
  }
});

Deno.test("fillInjection() refuses a header whose characters would be cut down to a line break", () => {
  const values = { api_key: new Secret("key\u010d\u010aHost: evil.test") };
  const header: Injection = { type: "header", name: "X-Key", value: "{api_key}" };
  assert.throws(() => fillInjection(header, values), RangeError);
  assert.throws(() => fillExtraHeaders({ "X-Key": "{api_key}" }, values), RangeError);
  // RFC 7617 section 2.1: a password may have any letters, base64 carries them.
  const basic: Injection = { type: "basic", username: "x", password: "{api_key}" };
  assert.equal(fillInjection(basic, values).type, "basic");
});

Deno.test("fillInjection() says nothing of the secret when it refuses it", () => {
  const values = { api_key: new Secret("hush\n") };
  assert.throws(
    () => fillInjection({ type: "header", name: "X", value: "{api_key}" }, values),
    (error: Error) => !error.message.includes("hush"),
  );
});

Deno.test("fillExtraHeaders() leaves a client's own version header and insists on a secret one", () => {
  const headers = { "Notion-Version": "2022-06-28", apikey: "{api_key}" };
  assert.deepEqual(fillExtraHeaders(headers, { api_key: new Secret("k-1") }), [
    { type: "header", name: "Notion-Version", value: "2022-06-28", only_if_absent: true },
    { type: "header", name: "apikey", value: "k-1" },
  ]);
});

Deno.test("templateVariables() and injectionTemplates() name what an injection is made of", () => {
  assert.deepEqual(templateVariables("{a}:{b_2} {A} {} { c }"), ["a", "b_2"]);
  assert.deepEqual(injectionTemplates({ type: "basic", username: "{a}", password: "{b}" }), [
    "{a}",
    "{b}",
  ]);
});
