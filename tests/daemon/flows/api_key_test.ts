import assert from "node:assert/strict";
import { InvalidInputError } from "../../../core/errors.ts";
import type { ProviderDefinition } from "../../../core/provider.ts";
import { apiKey } from "../../../daemon/flows/api_key.ts";
import type { TokenGrant } from "../../../daemon/flows/flow.ts";
import { contextWith, loginTo, oauthProvider, typed } from "../../support/oauth_provider.ts";

const FIELD = { name: "api_key", label: "API key", secret: true };
const NO_NETWORK = contextWith(() => Promise.reject(new Error("a key login asks nobody")));

function keyProvider(more: Partial<ProviderDefinition> = {}): ProviderDefinition {
  const { oauth: _, ...provider } = oauthProvider({}, {
    auth_type: "api_key",
    flow: "api_key",
    flows: ["api_key"],
    fields: [FIELD],
    ...more,
  });
  return provider;
}

async function logIn(
  provider: ProviderDefinition,
  values: Record<string, string>,
  base_url: string | null = null,
): Promise<{ grant: TokenGrant; warnings: readonly string[] }> {
  const step = await apiKey.begin(loginTo(provider, { base_url }), typed(values), NO_NETWORK);
  assert.equal(step.type, "granted");
  return step as Extract<typeof step, { type: "granted" }>;
}

Deno.test("apiKey asks for every field, with the variables that usually hold it", () => {
  const provider = keyProvider({
    fields: [{ ...FIELD, pattern: "k-.*" }, { name: "email", label: "E-mail", secret: false }],
    env: { ACME_KEY: "api_key", ACME_TOKEN: "api_key", ACME_URL: "base_url" },
  });

  const inputs = apiKey.inputs(loginTo(provider));

  assert.deepEqual(inputs, [
    {
      name: "api_key",
      label: "API key",
      secret: true,
      required: true,
      pattern: "k-.*",
      env: ["ACME_KEY", "ACME_TOKEN"],
    },
    { name: "email", label: "E-mail", secret: false, required: true },
  ]);
});

Deno.test("apiKey asks for a base URL only where there is none to fall back on", () => {
  const asked = (base_url: ProviderDefinition["base_url"], given: string | null = null) =>
    apiKey.inputs(loginTo(keyProvider({ base_url: base_url! }), { base_url: given }))
      .map(({ name }) => name);

  assert.deepEqual(asked({ template: "https://{shop}.acme.test" }), ["base_url", "api_key"]);
  assert.deepEqual(asked({ template: "https://{shop}.acme.test" }, "x"), ["api_key"]);
  assert.deepEqual(asked({ template: "{base_url}", default: "https://acme.test" }), ["api_key"]);
});

Deno.test("apiKey keeps the trimmed value of each field under its name", async () => {
  const fields = [FIELD, { name: "email", label: "E-mail", secret: false }];

  const { grant, warnings } = await logIn(keyProvider({ fields }), {
    api_key: "  k-123\n",
    email: "a@acme.test",
  });

  assert.equal(grant.secrets["api_key"]!.reveal(), "k-123");
  assert.equal(grant.secrets["email"]!.reveal(), "a@acme.test");
  assert.equal(grant.expires_at, null);
  assert.deepEqual(warnings, []);
});

Deno.test("apiKey says which field does not tell the base URL, as a person knows it", async () => {
  const provider = keyProvider({
    fields: [FIELD, { name: "application_id", label: "Application ID", secret: false }],
    base_url: {
      template: "https://{app}.acme.test",
      from_field: { field: "application_id", pattern: "^([A-Za-z0-9]+)$" },
    },
  });

  await assert.rejects(logIn(provider, { api_key: "k", application_id: "two words" }), {
    message:
      "Cannot log in to acme: the Application ID does not fit the address https://{app}.acme.test",
    hint: "Look at the Application ID again. " +
      "Or say the address: authsome login acme --base-url https://{app}.acme.test",
    issues: [{ path: "application_id", message: "does not fit https://{app}.acme.test" }],
  });
});

Deno.test("apiKey pins the base URL to what was logged in with", async () => {
  const provider = keyProvider({ base_url: { template: "https://{shop}.acme.test" } });

  const { grant } = await logIn(provider, { api_key: "k", base_url: "Mine" });

  assert.equal(grant.base_url?.toLowerCase(), "https://mine.acme.test");
});

Deno.test("apiKey warns about an unusual key and takes it all the same", async () => {
  const fields = [{ ...FIELD, pattern: "sk-[a-z]+", pattern_hint: "Keys begin with sk-" }];

  const { grant, warnings } = await logIn(keyProvider({ fields }), { api_key: "nope-sk-abc" });

  assert.equal(grant.secrets["api_key"]!.reveal(), "nope-sk-abc");
  assert.deepEqual(warnings, ["API key does not have the usual form. Keys begin with sk-"]);
});

Deno.test("apiKey warns about characters that come along when a page is copied", async () => {
  const { warnings } = await logIn(keyProvider(), { api_key: "sk-\u200babc" });

  assert.equal(warnings.length, 1);
});

for (
  const [name, value, message] of [
    ["nothing", "", /API key is empty/],
    ["white space", " \t\n", /API key is empty/],
    ["a line break inside", "sk-a\r\nX-Evil: 1", /control character/],
    ["a NUL byte", "sk-a\0b", /control character/],
    ["a pasted file", "x".repeat(20_000), /longer than/],
    ["a key of which the form is certainly wrong", "pk-abc", /does not have the right form/],
  ] as const
) {
  Deno.test(`apiKey refuses ${name}, and does not repeat it`, async () => {
    const fields = [{
      ...FIELD,
      pattern: "(sk-.*|x+)",
      pattern_hint: "It begins with sk-",
      pattern_certain: true,
    }];

    await assert.rejects(logIn(keyProvider({ fields }), { api_key: value }), (error) => {
      assert(error instanceof InvalidInputError);
      assert.match(error.message, message);
      assert(value.trim() === "" || !JSON.stringify(error.toEnvelope()).includes(value.trim()));
      return true;
    });
  });
}

for (
  const [name, given] of [
    ["plain http", "http://acme.test"],
    ["user information", "https://evil@acme.test"],
    ["another provider's host", "https://acme.test.evil.test/.acme.test"],
  ]
) {
  Deno.test(`apiKey refuses a base URL with ${name}`, async () => {
    const provider = keyProvider({ base_url: { template: "https://{shop}.acme.test" } });

    await assert.rejects(logIn(provider, { api_key: "k" }, given), InvalidInputError);
  });
}
