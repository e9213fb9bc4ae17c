/**
 * Which providers the variables belong to.
 *
 * @module
 */
import { environmentNames, type ProviderDefinition } from "../../core/provider.ts";
import type { FoundVariable } from "./environment.ts";
import type { FoundCredential, FoundValue } from "./found_credential.ts";

/** The fields of a provider that a scan looks for, each with whether it is secret. */
export function scannedFields(
  { auth_type, fields }: ProviderDefinition,
  takesKey: boolean,
): readonly { readonly name: string; readonly secret: boolean }[] {
  const token = auth_type === "oauth2" ? [{ name: "access_token", secret: true }] : [];
  return takesKey ? [...fields, ...token] : token;
}

/** Whether a key can be given to it. */
export function takesKey({ flows }: ProviderDefinition): boolean {
  return flows.includes("api_key");
}

/** Whether any variable is known to hold one of its secrets. */
export function hasVariables(definition: ProviderDefinition): boolean {
  return scannedFields(definition, takesKey(definition)).some(({ name, secret }) =>
    secret && environmentNames(definition, name).length > 0
  );
}

/** What the variables hold of a provider; null without any of its secrets. */
export function matchVariables(
  definition: ProviderDefinition,
  variables: ReadonlyMap<string, FoundVariable>,
): FoundCredential | null {
  const fields: Record<string, FoundValue> = {};
  let hasSecret = false;
  for (const { name, secret } of scannedFields(definition, takesKey(definition))) {
    const found = firstSet(environmentNames(definition, name), variables);
    if (found === null) continue;
    fields[name] = found;
    hasSecret ||= secret;
  }
  if (!hasSecret) return null;
  const base = firstSet(environmentNames(definition, "base_url"), variables);
  return {
    provider: definition.name,
    tool: null,
    fields,
    base_url: base?.value.reveal() ?? null,
  };
}

/** The first name that has a value: definitions list the usual one first. */
function firstSet(
  names: readonly string[],
  variables: ReadonlyMap<string, FoundVariable>,
): FoundValue | null {
  for (const name of names) {
    const found = variables.get(name);
    if (found !== undefined) return { ...found, env_var: name };
  }
  return null;
}
