/**
 * What looks odd about values that a person typed. Refusing is the flow's business; this only finds
 * what is worth a second look before it is used.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { matchesKeyPattern } from "../../core/key_pattern.ts";
import type { Secret } from "../../core/secret.ts";

/** One sentence for each value whose pattern does not match and need not; none holds the value. */
export function checkValues(
  fields: readonly InputField[],
  values: Readonly<Record<string, Secret>>,
): string[] {
  return fields.flatMap((field) => {
    const text = values[field.name]?.reveal().trim() ?? "";
    if (text === "" || field.pattern === undefined || field.pattern_certain === true) return [];
    if (matchesKeyPattern(field.pattern, text)) return [];
    return [`${field.label} does not have the usual form. ${field.pattern_hint ?? ""}`.trim()];
  });
}
