/**
 * Custom definitions: files that may be written by the daemon or by hand, and may be anything.
 *
 * @module
 */
import assert from "node:assert/strict";
import { InvalidInputError, InvalidProviderDefinitionError } from "../../../core/errors.ts";
import {
  type CustomProviderProblem,
  CustomProviders,
  MAX_DEFINITION_BYTES,
} from "../../../daemon/records/custom_providers.ts";

const WINDOWS = Deno.build.os === "windows";

async function withDirectory(
  check: (directory: string, custom: CustomProviders<unknown>) => void | Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "authsome-providers-" });
  const directory = `${home}/providers`;
  const parse = (text: string, name: string): unknown => {
    const definition = JSON.parse(text);
    if (definition.name !== name) {
      throw new InvalidProviderDefinitionError(`Cannot read provider "${name}": name differs`);
    }
    return definition;
  };
  try {
    await check(directory, new CustomProviders({ directory, parse, recheckMs: 0 }));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const drop = (directory: string, file: string, text: string, mode = 0o600) => {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(`${directory}/${file}`, text, { mode });
};

Deno.test("without a directory there are no custom definitions", () =>
  withDirectory((_, custom) => {
    assert.deepEqual(custom.read(), { definitions: new Map(), problems: [], revision: 0 });
  }));

Deno.test("a saved definition is read, replaced and removed; each is a new revision", () =>
  withDirectory((directory, custom) => {
    custom.save("acme", '{"name":"acme","v":1}');
    const first = custom.read();
    assert.deepEqual(first.definitions.get("acme"), { name: "acme", v: 1 });

    custom.save("acme", '{"name":"acme","v":2}');
    const second = custom.read();
    assert.deepEqual(second.definitions.get("acme"), { name: "acme", v: 2 });

    custom.remove("acme");
    custom.remove("acme");
    const third = custom.read();
    assert.equal(third.definitions.size, 0);
    assert.deepEqual([first, second, third].map((set) => set.revision), [1, 2, 3]);
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  }));

Deno.test("a file is its owner's alone, and nothing half-written is left beside it", () =>
  withDirectory((directory, custom) => {
    custom.save("acme", '{"name":"acme"}');
    const { mode } = Deno.lstatSync(`${directory}/acme.json`);
    if (!WINDOWS) assert.equal(mode! & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(directory)].map((entry) => entry.name), ["acme.json"]);
  }));

Deno.test("a file dropped in, changed and removed by hand is noticed", () =>
  withDirectory((directory, custom) => {
    drop(directory, "acme.json", '{"name":"acme"}');
    assert.ok(custom.read().definitions.has("acme"));
    drop(directory, "acme.json", '{"name":"acme","more":true}');
    assert.deepEqual(custom.read().definitions.get("acme"), { name: "acme", more: true });
    Deno.removeSync(`${directory}/acme.json`);
    assert.equal(custom.read().definitions.size, 0);
  }));

Deno.test("what has not changed is not parsed again", () =>
  withDirectory((directory) => {
    let parsed = 0;
    const custom = new CustomProviders({ directory, parse: () => ++parsed, recheckMs: 0 });
    custom.save("acme", "{}");
    custom.save("other", "{}");
    const first = custom.read();
    custom.read();
    assert.equal(custom.read(), first);
    assert.equal(parsed, 2);
  }));

Deno.test("one bad file is a problem with its name; the others count", async (t) => {
  const FILES: Readonly<Record<string, readonly [string, string, RegExp]>> = {
    "not JSON": ["bad.json", "{", /cannot be parsed/],
    "empty": ["bad.json", "", /cannot be parsed/],
    "nested without end": ["bad.json", "[".repeat(200_000), /cannot be parsed/],
    "huge": ["bad.json", "x".repeat(MAX_DEFINITION_BYTES + 1), /longer than/],
    "another name inside": ["bad.json", '{"name":"github"}', /"bad": name differs/],
    "a name that is none": ["BAD.json", '{"name":"BAD"}', /no provider name/],
    "dots": ["..json", "{}", /no provider name/],
  };
  for (const [name, [file, text, problem]] of Object.entries(FILES)) {
    await t.step(name, () =>
      withDirectory((directory, custom) => {
        drop(directory, "good.json", '{"name":"good"}');
        drop(directory, file, text);

        const { definitions, problems } = custom.read();

        assert.deepEqual([...definitions.keys()], ["good"]);
        assert.equal(problems.length, 1);
        assert.equal(problems[0]!.file, file);
        assert.match(problems[0]!.problem, problem);
      }));
  }
});

Deno.test("links, directories and files that others may write are not read", {
  ignore: WINDOWS,
}, () =>
  withDirectory((directory, custom) => {
    drop(directory, "outside.txt", '{"name":"link"}');
    Deno.symlinkSync(`${directory}/outside.txt`, `${directory}/link.json`);
    Deno.mkdirSync(`${directory}/folder.json`);
    drop(directory, "wide.json", '{"name":"wide"}');
    Deno.chmodSync(`${directory}/wide.json`, 0o666);

    const { definitions, problems } = custom.read();

    assert.equal(definitions.size, 0);
    const told = problems.map((
      { provider, problem }: CustomProviderProblem,
    ) => [provider, problem]);
    assert.deepEqual(told, [
      ["folder", "it is not a plain file"],
      ["link", "it is not a plain file"],
      ["wide", "others may write to it"],
    ]);
  }));

Deno.test("a name cannot leave the directory", () =>
  withDirectory((_, custom) => {
    for (const name of ["../evil", "a/b", "..", "", "A", ".hidden", "a\u0000b"]) {
      assert.throws(() => custom.save(name, "{}"), InvalidInputError);
      assert.throws(() => custom.remove(name), InvalidInputError);
    }
  }));
