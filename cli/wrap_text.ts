/**
 * Breaks a sentence into lines at its spaces.
 *
 * @module
 */
import { width } from "./table.ts";

/**
 * `text` in lines of at most `columns`; the second line and those after it begin with `indent`. A word
 * that is longer (an address, a path) stays whole, to be copied. `null` columns: as it is.
 */
export function wrapText(text: string, columns: number | null, indent = ""): string {
  if (columns === null) return text;
  return text.split("\n").map((line) => wrapLine(line, columns, indent)).join("\n");
}

function wrapLine(line: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let current = "";
  // Spaces in front and between columns stay as they were written.
  for (const [word] of line.matchAll(/\s*\S+/g)) {
    const isFirst = current === "" && lines.length === 0;
    if (isFirst || width(current + word) <= columns) {
      current += word;
    } else {
      lines.push(current);
      current = indent + word.trimStart();
    }
  }
  return [...lines, current].join("\n");
}
