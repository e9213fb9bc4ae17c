/**
 * The owner's provider definitions, one file each under `server/providers/`: written here when one is
 * registered, and read whoever put it there.
 *
 * @module
 */
import { AuthsomeError, StoreUnavailableError } from "../core/errors.ts";
import { isName, type ProviderDefinition } from "../core/provider.ts";
import type {
  BrokenDefinition,
  CustomDefinitions,
  CustomDefinitionStore,
} from "./broker/provider_catalogue.ts";
import { removeIfThere, replaceFile } from "./vault/durable_file.ts";

/** More files than this are no providers. */
const MAX_FILES = 2000;

/** The definitions in the folder at `dir`, which is made when the first one is saved. */
export function customDefinitions(dir: string): CustomDefinitionStore {
  const fail = (what: string, cause: unknown) =>
    new StoreUnavailableError(`Cannot ${what} in ${dir}: the folder is not usable`, { cause });
  return {
    read: () => readAll(dir),
    save(definition) {
      try {
        Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
        const text = JSON.stringify(definition, null, 2) + "\n";
        replaceFile(`${dir}/${definition.name}.json`, new TextEncoder().encode(text));
      } catch (cause) {
        throw fail("keep the definition", cause);
      }
    },
    remove(name) {
      if (!isName(name)) return;
      try {
        removeIfThere(`${dir}/${name}.json`);
      } catch (cause) {
        throw fail("remove the definition", cause);
      }
    },
  };
}

async function readAll(dir: string): Promise<CustomDefinitions> {
  const definitions: ProviderDefinition[] = [];
  const broken: BrokenDefinition[] = [];
  for (const file of fileNames(dir).sort().slice(0, MAX_FILES)) {
    try {
      definitions.push(await readOne(dir, file));
    } catch (error) {
      const problem = error instanceof AuthsomeError ? error.message : "it cannot be read";
      broken.push({ file, problem });
    }
  }
  return { definitions, broken };
}

function fileNames(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), (entry) => entry.name)
      .filter((name) => name.endsWith(".json"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function readOne(dir: string, file: string): Promise<ProviderDefinition> {
  // Loaded when there is something to read: the schema costs a daemon 8 MB that most never use.
  const { MAX_PROVIDER_BYTES, parseProviderText } = await import("../core/provider_schema.ts");
  const path = `${dir}/${file}`;
  const info = Deno.lstatSync(path);
  if (!info.isFile || info.size > MAX_PROVIDER_BYTES) {
    throw new StoreUnavailableError("it is too large, or no plain file");
  }
  // The owner put it into a folder that nobody else can write: its own word on private hosts counts.
  const definition = parseProviderText(Deno.readTextFileSync(path), { allowPrivate: "as_stated" });
  if (`${definition.name}.json` !== file) {
    throw new StoreUnavailableError(
      `it defines ${definition.name}: name it ${definition.name}.json`,
    );
  }
  return definition;
}
