/**
 * Every bundled provider with a key login is logged in to: each field that it asks for is given a
 * value of its own, and every value comes back out where the definition wants it.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { ConnectionDetail, InputField, Session } from "../../core/api.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { bundledProviders } from "../../providers/mod.ts";
import { samplePattern } from "../../proxy/pattern_sample.ts";
import { openTestDaemon, registerOwner } from "./support/test_daemon.ts";

const KEY_PROVIDERS = bundledProviders().filter(({ flows }) => flows.includes("api_key"));

Deno.test("every bundled key provider takes what it asks for, several fields included", async (t) => {
  const daemon = await openTestDaemon({ providers: KEY_PROVIDERS });
  const owner = await registerOwner(daemon);
  for (const definition of KEY_PROVIDERS) {
    await t.step(definition.name, async () => {
      const begun = await owner.json<Session>("POST", "/auth/sessions", {
        provider: definition.name,
        flow: "api_key",
      });
      const data = Object.fromEntries(
        begun.input_fields.map((field) => [field.name, valueFor(field, definition)]),
      );
      const done = await owner.json<Session>("POST", `/auth/sessions/${begun.id}/resume`, { data });

      deepEqual([done.status, done.error], ["completed", null]);
      const path = `/connections/${definition.name}/default?show_secrets=true`;
      const { api_key, credentials } = await owner.json<ConnectionDetail>("GET", path);
      const kept: Readonly<Record<string, unknown>> = { ...credentials, api_key };
      for (const { name, secret } of begun.input_fields) {
        if (secret) equal(kept[name], data[name], name);
      }
      const { injections } = await owner.json<{ injections: unknown[] }>(
        "POST",
        "/credentials/resolve",
        { provider: definition.name },
      );
      ok(injections.length > 0);
    });
  }
  await daemon.stop();
});

/** Something that the field takes, and no other field has. */
function valueFor({ name, pattern, default: preset }: InputField, definition: ProviderDefinition) {
  if (name === "base_url") return preset ?? baseUrlOf(definition);
  let next = name.length;
  const sample = pattern === undefined
    ? null
    : samplePattern(pattern, { random: (below) => next++ % below, length: 24, mark: "" });
  return sample ?? `valueof${name.replaceAll("_", "")}0123456789abcdef`;
}

/** An instance of the provider's, in the form that its definition wants. */
function baseUrlOf({ base_url: base }: ProviderDefinition): string {
  const { template = "{base_url}", hosts = ["instance.example.com"] } = base ?? {};
  if (template === "{base_url}") return `https://${hosts[0]!.replace("*", "mine")}`;
  return template.replace(/\{\w+\}/g, "mine");
}
