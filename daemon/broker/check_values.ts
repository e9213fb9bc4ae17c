/**
 * What looks odd about values that a person typed. Refusing is the flow's business; this only finds
 * what is worth a second look before it is used.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { describeOddKey } from "../../core/key_pattern.ts";
import type { Secret } from "../../core/secret.ts";

/** One sentence for each value that looks odd and need not look otherwise; none holds the value. */
export function checkValues(
  fields: readonly InputField[],
  values: Readonly<Record<string, Secret>>,
): string[] {
  return fields.flatMap((field) => {
    const text = values[field.name]?.reveal().trim() ?? "";
    if (text === "" || field.pattern_certain === true) return [];
    return describeOddKey(field, text) ?? [];
  });
}
