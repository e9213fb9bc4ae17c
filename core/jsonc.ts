/**
 * JSON with comments and trailing commas, as people write it. Comments become spaces, so that what
 * is left is plain JSON and the runtime's own parser has the last word: on where it is wrong, too.
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

/** Where a text stops being JSON; both counted from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
}

/** The place of the first character that does not fit; null for a text that `parseJsonc` reads. */
export function findJsonFault(text: string): JsonFault | null {
  let plain = text.replace(/^\ufeff/, "");
  try {
    plain = toJson(plain);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (isBeginning(plain) === "whole") return null;
  // Whatever begins like JSON does so up to one place: some of the parser's messages do not tell it.
  let fits = 0;
  let fails = plain.length + 1;
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (isBeginning(plain.slice(0, middle)) === "no") fails = middle;
    else fits = middle;
  }
  const lines = plain.slice(0, fits).split("\n");
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

/** Whether more text could make it JSON: the parser then stumbles over its end, and nowhere else. */
function isBeginning(text: string): "whole" | "yes" | "no" {
  try {
    JSON.parse(text);
    return "whole";
  } catch (error) {
    // Brackets without end exhaust the parser's stack; where they break off is anybody's guess.
    if (!(error instanceof SyntaxError)) return "yes";
    if (/^Unexpected end|^Unterminated string/.test(error.message)) return "yes";
    return Number(/at position (\d+)/.exec(error.message)?.[1]) === text.length ? "yes" : "no";
  }
}

/** Strings, comments and single characters, in order. @throws {SyntaxError} for one without an end. */
export function* jsoncTokens(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = endOfToken(text, at);
    yield text.slice(at, end);
    at = end;
  }
}

/** Whether a token of {@linkcode jsoncTokens} is a comment. */
export function isComment(token: string): boolean {
  return token.startsWith("//") || token.startsWith("/*");
}

/** One pass and no backtracking: a hostile text costs no more than an honest one of its length. */
function toJson(text: string): string {
  const parts: string[] = [];
  /** Where in `parts` a comma waits to see whether a value or a bracket follows; -1: nowhere. */
  let comma = -1;
  let isAfterValue = false;
  for (const token of jsoncTokens(text)) {
    if (isComment(token)) {
      parts.push(token.replace(/[^\n]/g, " "));
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
