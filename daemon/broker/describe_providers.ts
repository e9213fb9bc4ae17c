/**
 * Provider definitions as the API shows them.
 *
 * @module
 */
import type { ProviderItem, ProviderList } from "../../core/api.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Broker } from "./broker.ts";

/** Every definition in force; a bundled one that a custom one hides is left out. */
export function listProviders(broker: Broker): ProviderList {
  const items = broker.catalogue.all().map((definition) => describe(broker, definition));
  return {
    bundled: items.filter((item) => item.source === "bundled"),
    custom: items.filter((item) => item.source === "custom"),
  };
}

/** One definition. @throws {ProviderNotFoundError} */
export function showProvider(broker: Broker, name: string): ProviderItem {
  return describe(broker, broker.catalogue.get(name));
}

function describe({ catalogue }: Broker, definition: ProviderDefinition): ProviderItem {
  const source = catalogue.sourceOf(definition.name);
  return {
    ...definition,
    source,
    overrides_bundled: source === "custom" && catalogue.isBundled(definition.name),
  };
}
