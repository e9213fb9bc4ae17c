/**
 * How programs spell a placeholder in a body: as it is, percent-encoded, and inside a JSON string.
 * Encoders differ in what they leave alone and in the case of their digits. A text of letters,
 * digits, `-`, `_` and `.` has one spelling, and most placeholders are such texts.
 *
 * @module
 */

/** What percent-encoders leave alone besides letters, digits, `-`, `_` and `.`. */
const KEPT_IN_URLS: readonly string[] = [
  "!~*'()", // encodeURIComponent
  "~", // RFC 3986; Go's QueryEscape
  "~/", // Python's quote
  "*", // forms: URLSearchParams, Java's URLEncoder
  "~$&+=:@", // Go's PathEscape
  "!~*'();/?:@&=+$,#", // encodeURI
];

/** What JSON encoders write as `\u00xx` besides what they must. */
const ESCAPED_IN_JSON: readonly string[] = [
  "",
  "<>&", // Go
  "<>&'", // made safe for HTML: Flask, Rails
  "<>&'+`", // .NET
];

/** Every spelling of `text` once, beginning with `text` itself. */
export function spellingsOf(text: string): readonly string[] {
  const spellings = new Set([text]);
  for (const kept of KEPT_IN_URLS) {
    const encoded = percentEncoded(text, kept);
    spellings.add(encoded).add(encoded.replace(/%../g, (code) => code.toLowerCase()));
  }
  const json = JSON.stringify(text).slice(1, -1);
  for (const escaped of ESCAPED_IN_JSON) {
    for (const upper of [false, true]) {
      const spelling = unicodeEscaped(json, escaped, upper);
      // PHP writes `\/`, which every reader of JSON takes for `/`.
      spellings.add(spelling).add(spelling.replaceAll("/", "\\/"));
    }
  }
  return [...spellings];
}

function percentEncoded(text: string, kept: string): string {
  const left = new Set(kept);
  return text.replace(
    /[^\w.-]/gu,
    (letter) =>
      left.has(letter)
        ? letter
        : [...new TextEncoder().encode(letter)].map((byte) =>
          `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
        ).join(""),
  );
}

function unicodeEscaped(json: string, escaped: string, upper: boolean): string {
  const code = (letter: string): string => {
    const hex = letter.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${upper ? hex.toUpperCase() : hex}`;
  };
  return json.replace(/[^\w]/g, (letter) => escaped.includes(letter) ? code(letter) : letter);
}
