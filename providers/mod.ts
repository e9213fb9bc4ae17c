/**
 * The bundled providers: one file each in this folder, read from the register that
 * `deno task providers` makes of them.
 *
 * @module
 */
import type { ProviderDefinition } from "../core/provider.ts";
import register from "./bundled.json" with { type: "json" };

// A test holds the register to the files, and each file to the parser that people's files go through.
const PROVIDERS = register.providers as unknown as readonly ProviderDefinition[];
const BY_NAME: ReadonlyMap<string, ProviderDefinition> = new Map(
  PROVIDERS.map((provider) => [provider.name, provider]),
);

/** Every bundled provider, by name. */
export function bundledProviders(): readonly ProviderDefinition[] {
  return PROVIDERS;
}

/** The bundled provider of this name; `undefined` when there is none. */
export function bundledProvider(name: string): ProviderDefinition | undefined {
  return BY_NAME.get(name);
}
