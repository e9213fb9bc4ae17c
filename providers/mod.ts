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

/** Every bundled provider, by name. */
export function bundledProviders(): readonly ProviderDefinition[] {
  return PROVIDERS;
}
