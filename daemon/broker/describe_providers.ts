/**
 * Provider definitions as the API shows them.
 *
 * @module
 */
import type { ProviderItem, ProviderList, ProviderNames } from "../../core/api.ts";
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

/** The same without what it takes to use them: a seventh of the bytes. */
export function listProviderNames({ catalogue }: Broker): ProviderNames {
  const items = catalogue.all().map(({ name, display_name, category, auth_type }) => ({
    name,
    display_name,
    ...(category === undefined ? {} : { category }),
    auth_type,
    source: catalogue.sourceOf(name),
  }));
  return {
    bundled: items.filter(({ source }) => source === "bundled"),
    custom: items.filter(({ source }) => source === "custom"),
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
