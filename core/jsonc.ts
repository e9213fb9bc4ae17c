/**
 * JSON with comments and trailing commas, as people write it. Comments become spaces, so that what
 * is left is plain JSON and the runtime's own parser has the last word.
 *
 * @module
 */

/** A string, a comment, or a comma before a closing bracket; anything else is copied. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\r\n]*|\/\*[^]*?\*\//g;
const TRAILING_COMMA = /"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g;

/**
 * Parses JSONC.
 *
 * @throws {SyntaxError} as `JSON.parse` does.
 */
export function parseJsonc(text: string): unknown {
  const plain = text.replace(/^\ufeff/, "");
  try {
    return JSON.parse(plain);
  } catch {
    const bare = plain
      .replace(TOKEN, (token) => token.startsWith('"') ? token : " ")
      .replace(TRAILING_COMMA, (token) => token.startsWith('"') ? token : " ");
    return JSON.parse(bare);
  }
}
