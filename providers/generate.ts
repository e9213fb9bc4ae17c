/**
 * Rewrites `bundled.json` and `schema.json` from the files beside this one:
 *
 *     deno task providers           # write
 *     deno task providers --check   # exit 1 when what is there is stale
 *
 * @module
 */
import { parseProviderText, providerJsonSchema } from "../core/provider_schema.ts";
import type { ProviderDefinition } from "../core/provider.ts";

const FOLDER = new URL("./", import.meta.url);
const GENERATED = ["bundled.json", "schema.json"];

/** The definitions of all files in `folder`, by name, and read as a person's file would be. */
export function readProviderFiles(folder: URL = FOLDER): ProviderDefinition[] {
  const files = [...Deno.readDirSync(folder)]
    .map((entry) => entry.name)
    .filter((name) => name.endsWith(".json") && !GENERATED.includes(name));
  const definitions = files.map((file) => {
    const definition = parseProviderText(Deno.readTextFileSync(new URL(file, folder)));
    if (`${definition.name}.json` !== file) {
      throw new RangeError(`${file} holds the provider ${definition.name}`);
    }
    return definition;
  });
  return definitions.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Text of `bundled.json`: one provider a line, so that a change shows as a line. */
export function bundledText(definitions: readonly ProviderDefinition[]): string {
  const lines = definitions.map((definition) => JSON.stringify(definition));
  return `{"providers":[\n${lines.join(",\n")}\n]}\n`;
}

/** Text of `schema.json`. */
export function schemaText(): string {
  const schema = {
    title: "authsome provider definition",
    ...providerJsonSchema(),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function main(args: readonly string[]): number {
  const definitions = readProviderFiles();
  const texts = { "bundled.json": bundledText(definitions), "schema.json": schemaText() };
  const stale = Object.entries(texts).filter(([file, text]) => readText(file) !== text);
  if (args.includes("--check")) {
    for (const [file] of stale) say(`providers/${file} is stale. Run: deno task providers`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const [file, text] of stale) Deno.writeTextFileSync(new URL(file, FOLDER), text);
  say(`${definitions.length} providers; ${stale.length} of 2 files rewritten`);
  return 0;
}

function readText(file: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(file, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(main(Deno.args));
