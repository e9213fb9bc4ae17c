/**
 * JSON with comments and trailing commas, as people write it. Comments become spaces, so that what
 * is left is plain JSON and the runtime's own parser has the last word.
 *
 * @module
 */

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
    return JSON.parse(toJson(plain));
  }
}

/** One pass and no backtracking: a hostile text costs no more than an honest one of its length. */
function toJson(text: string): string {
  const parts: string[] = [];
  /** Where in `parts` a comma waits to see whether a value or a bracket follows; -1: nowhere. */
  let comma = -1;
  let isAfterValue = false;
  for (let at = 0; at < text.length;) {
    const end = endOfToken(text, at);
    const token = text.slice(at, end);
    at = end;
    if (token.startsWith("//") || token.startsWith("/*")) {
      parts.push(" ");
      continue;
    }
    if (token.trim() !== "") {
      if (comma >= 0 && (token === "]" || token === "}")) parts[comma] = " ";
      comma = token === "," && isAfterValue ? parts.length : -1;
      isAfterValue = !"[{,:".includes(token);
    }
    parts.push(token);
  }
  return parts.join("");
}

/** End of the string, the comment or the single character at `from`. */
function endOfToken(text: string, from: number): number {
  const two = text.slice(from, from + 2);
  if (two === "//") return endOr(text.indexOf("\n", from), text.length);
  if (two === "/*") {
    const end = text.indexOf("*/", from + 2);
    if (end < 0) throw new SyntaxError("a comment has no end");
    return end + 2;
  }
  if (text[from] !== '"') return from + 1;
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  throw new SyntaxError("a string has no end");
}

function endOr(found: number, otherwise: number): number {
  return found < 0 ? otherwise : found;
}
