/**
 * The owner's provider definitions, one file each under `server/providers/`: parsed by the same
 * parser as everything else, which is loaded when there is something to parse.
 *
 * @module
 */
import { StoreUnavailableError } from "../core/errors.ts";
import type { ProviderDefinition } from "../core/provider.ts";
import type { CustomDefinitionStore } from "./broker/provider_catalogue.ts";
import { CustomProviders } from "./records/custom_providers.ts";

/** The definitions in the folder at `directory`. */
export function customDefinitions(directory: string): CustomDefinitionStore {
  type Parse = (text: string) => ProviderDefinition;
  let parseFile: Parse | null = null;
  const files = new CustomProviders<ProviderDefinition>({
    directory,
    recheckMs: 0,
    parse: (text, name) => {
      if (parseFile === null) throw new StoreUnavailableError("the parser is not loaded yet");
      const definition = parseFile(text);
      if (definition.name === name) return definition;
      throw new StoreUnavailableError(
        `it defines ${definition.name}: name it ${definition.name}.json`,
      );
    },
  });
  return {
    async read() {
      // The schema of definitions costs a daemon 8 MB that most never use.
      if (parseFile === null && isEmpty(directory)) return { definitions: [], broken: [] };
      const { parseProviderText } = await import("../core/provider_schema.ts");
      // The owner put the file into a folder that nobody else can write to: its own word on private
      // hosts counts.
      parseFile = (text) => parseProviderText(text, { allowPrivate: "as_stated" });
      const { definitions, problems } = files.read();
      return { definitions: [...definitions.values()], broken: problems };
    },
    save: (definition) => files.save(definition.name, JSON.stringify(definition, null, 2) + "\n"),
    remove: (name) => files.remove(name),
  };
}

function isEmpty(directory: string): boolean {
  try {
    return Deno.readDirSync(directory).every((entry) => !entry.name.endsWith(".json"));
  } catch (error) {
    // What cannot be read is said by whoever reads it.
    return error instanceof Deno.errors.NotFound;
  }
}
