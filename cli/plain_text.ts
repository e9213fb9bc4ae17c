/**
 * Text from elsewhere (a provider's definition, an account's label, an error message), made fit for
 * a terminal.
 *
 * @module
 */

/** Control characters drive terminals (ECMA-48): titles, colours, cursor, clipboard. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text without control characters and direction overrides; tabs and line ends stay. */
export function plainText(text: string): string {
  return text.replace(CONTROL, "");
}

/** Printable ASCII alone, as nearly every text is: fit for a terminal, one column a letter. */
export function isPlainAscii(text: string): boolean {
  return !/[^\x20-\x7e]/.test(text);
}

/** The same in one line. */
export function plainLine(text: string): string {
  if (isPlainAscii(text)) return text;
  return plainText(text).replace(/[\t\n]+/g, " ");
}
