/**
 * A definition as OAuth requests see it, with the owner's word about private addresses in it.
 *
 * @module
 */
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Broker } from "./broker.ts";

/**
 * The definition under this name. Where `server/config.json` allows private addresses to every
 * provider (`egress.allow_private`), it says so itself.
 *
 * @throws {ProviderNotFoundError}
 */
export function reachableProvider(broker: Broker, name: string): ProviderDefinition {
  return withOwnersWord(broker, broker.catalogue.get(name));
}

/** The same for a definition at hand. */
export function withOwnersWord(broker: Broker, definition: ProviderDefinition): ProviderDefinition {
  return broker.settings.egress.allow_private ? { ...definition, allow_private: true } : definition;
}
