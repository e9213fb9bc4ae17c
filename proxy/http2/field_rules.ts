/**
 * What fields may say (RFC 9113 sections 8.2 and 8.3), for what comes from a server, and for trailers.
 * Requests are judged by `stream_head.ts`, which answers them.
 *
 * @module
 */
import type { FieldLine } from "./hpack/field_line.ts";

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// deno-lint-ignore no-control-regex
const NOT_IN_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;
const STATUS = /^[1-9]\d\d$/;

/** An answer says its status, once and first; trailers have no pseudo-header fields. */
export function areFieldsValid(
  fields: readonly FieldLine[],
  kind: "answer" | "trailers",
): boolean {
  return fields.every(([name, value], index) =>
    kind === "answer" && index === 0
      ? name === ":status" && STATUS.test(value)
      : NAME.test(name) && !NOT_IN_A_VALUE.test(value)
  ) && (kind === "trailers" || fields.length > 0);
}
