/**
 * The folder of the owner's provider definitions.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { ProviderCatalogue } from "../../daemon/broker/provider_catalogue.ts";
import { customDefinitions } from "../../daemon/custom_definitions.ts";
import { parseProvider } from "../../core/provider_schema.ts";
import { PROVIDERS } from "./support/test_daemon.ts";

const ACME = parseProvider(PROVIDERS[0]);

Deno.test("a definition that was saved is there after a restart", async () => {
  await using dir = await folder();
  customDefinitions(dir.path).save(ACME);

  const { definitions, broken } = await customDefinitions(dir.path).read();

  deepEqual(definitions, [ACME]);
  deepEqual(broken, []);
  equal((await Deno.stat(`${dir.path}/acme.json`)).mode! & 0o777, 0o600);
});

Deno.test("a file dropped in by hand counts, with the owner's word on private hosts", async () => {
  await using dir = await folder();
  const store = customDefinitions(dir.path);
  const catalogue = await ProviderCatalogue.open([], store);
  equal(catalogue.find("intern"), null);
  await Deno.writeTextFile(
    `${dir.path}/intern.json`,
    JSON.stringify({
      ...PROVIDERS[0] as object,
      name: "intern",
      hosts: ["api.corp.internal"],
      allow_private: true,
    }),
    { mode: 0o600 },
  );

  equal(await catalogue.reload(), true);

  equal(catalogue.get("intern").hosts[0]!.url, "api.corp.internal");
});

Deno.test("a broken file is named and hides nothing else", async () => {
  await using dir = await folder();
  const write = (name: string, text: string) =>
    Deno.writeTextFile(`${dir.path}/${name}`, text, { mode: 0o600 });
  customDefinitions(dir.path).save(ACME);
  await write("broken.json", "{");
  await write("liar.json", JSON.stringify(PROVIDERS[1]));
  await write("deep.json", "[".repeat(100_000));
  await write("huge.json", " ".repeat(300_000));
  await write("notes.txt", "not a definition");

  const { definitions, broken } = await customDefinitions(dir.path).read();

  deepEqual(definitions.map(({ name }) => name), ["acme"]);
  deepEqual(broken.map(({ file }) => file), [
    "broken.json",
    "deep.json",
    "huge.json",
    "liar.json",
  ]);
  match(broken[3]!.problem, /it defines strict/);
});

Deno.test("the owner's definition is in force over the bundled one, which comes back", async () => {
  await using dir = await folder();
  const store = customDefinitions(dir.path);
  const catalogue = await ProviderCatalogue.open([ACME], store);
  const mine = { ...ACME, display_name: "Mine" };

  await catalogue.save(mine);
  deepEqual(
    [catalogue.get("acme").display_name, catalogue.sourceOf("acme")],
    ["Mine", "custom"],
  );
  await catalogue.remove("acme");

  deepEqual(
    [catalogue.get("acme").display_name, catalogue.sourceOf("acme")],
    ["Acme", "bundled"],
  );
});

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
