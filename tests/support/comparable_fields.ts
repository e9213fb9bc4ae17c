/**
 * Fields of a request as two readers of it can be compared: lower-case names, values without the blanks
 * around them, in order.
 *
 * @module
 */

/** `fields` are `name:value`; those that begin as `uncompared` says are left out. */
export function comparableFields(fields: readonly string[], uncompared: RegExp): string[] {
  return fields.map((field) => {
    const colon = field.indexOf(":");
    const value = field.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, "");
    return `${field.slice(0, colon).toLowerCase()}:${value}`;
  }).filter((field) => !uncompared.test(field)).sort();
}
