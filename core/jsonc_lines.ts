/**
 * Where in a JSON text each value stands, so that what is wrong with it can be told at its line.
 *
 * @module
 */
import { isComment, jsoncTokens } from "./jsonc.ts";

/** Deeper than anything that is read here; the paths of endless brackets would fill the memory. */
const MAX_DEPTH = 30;

/** An object or an array that has not ended yet. */
interface Open {
  readonly path: string;
  /** Name or index of the value that is read. */
  key: string | number;
  /** In an object: a string is a name, not a value. */
  awaitsKey: boolean;
}

/**
 * The line, counted from 1, of each place of a text that `parseJsonc` reads. A place is written as the
 * paths of issues are: `oauth.scopes.0`. Of a text that it does not read, what comes before the fault.
 */
export function linesOfJson(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const open: Open[] = [];
  let line = 1;
  const here = (): string => {
    const top = open.at(-1);
    return top === undefined ? "" : top.path === "" ? `${top.key}` : `${top.path}.${top.key}`;
  };
  const place = (path: string) => {
    if (!lines.has(path)) lines.set(path, line);
  };
  try {
    for (const token of jsoncTokens(text)) {
      const top = open.at(-1);
      if (open.length > MAX_DEPTH) break;
      if (isComment(token) || token.trim() === "") {
        line += token.split("\n").length - 1;
      } else if (token === "{" || token === "[") {
        place(here());
        open.push({ path: here(), key: token === "[" ? 0 : "", awaitsKey: token === "{" });
      } else if (token === "}" || token === "]") {
        open.pop();
      } else if (token === ",") {
        if (typeof top?.key === "number") top.key++;
        else if (top !== undefined) top.awaitsKey = true;
      } else if (token !== ":") {
        if (top?.awaitsKey === true && token.startsWith('"')) {
          top.key = JSON.parse(token);
          top.awaitsKey = false;
        }
        place(here());
      }
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return lines;
}

/** The line of a place; of one that is missing, the line of what it is missing in. */
export function lineOf(lines: ReadonlyMap<string, number>, path: string): number | null {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return lines.get("") ?? null;
}
