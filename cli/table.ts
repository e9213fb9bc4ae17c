/**
 * Tables for a terminal: columns that fit, or blocks where they do not.
 *
 * @module
 */
import type { Paint, Tone } from "./color.ts";
import { isPlainAscii, plainLine } from "./plain_text.ts";

/** One cell. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** What to lay out. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that are of no use when they are shortened, such as a time: the others give the room. */
  readonly whole?: readonly number[];
}

const GAP = 2;
/** A column is not shortened below this; blocks are more readable then. */
const NARROWEST = 8;

/** Lines of a table at most `columns` wide (null: as wide as it wants). */
export function formatTable(table: Table, columns: number | null, paint: Paint): string {
  const widths = table.head.map(width);
  const rows = measureRows(table.rows, widths);
  const fitted = columns === null ? widths : fit(widths, columns, table.whole ?? []);
  if (fitted === null) return formatBlocks({ head: table.head, rows }, paint);
  const head = table.head.map((text): Measured => ({ text, tone: "bold", width: width(text) }));
  let text = formatLine(head, fitted, paint);
  for (const row of rows) text += `\n${formatLine(row, fitted, paint)}`;
  return text;
}

/** A cell that is fit for a terminal, and the columns it takes. */
interface Measured extends Cell {
  readonly width: number;
}

/** A cell that stands in the row above as well, the same object, is measured once. */
function measureRows(rows: Table["rows"], widths: number[]): (readonly Measured[])[] {
  let above: readonly Cell[] = [];
  let measuredAbove: readonly Measured[] = [];
  return rows.map((row) => {
    measuredAbove = row.map((cell, column) =>
      cell === above[column] ? measuredAbove[column]! : measure(cell, widths, column)
    );
    above = row;
    return measuredAbove;
  });
}

/** `widths` grows where the cell is wider than what was there before. */
function measure(cell: Cell, widths: number[], column: number): Measured {
  const text = plainLine(cell.text);
  const needed = width(text);
  if (needed > widths[column]!) widths[column] = needed;
  return { text, tone: cell.tone, width: needed };
}

function formatLine(cells: readonly Measured[], widths: readonly number[], paint: Paint): string {
  let line = "";
  // By index: ten thousand rows of six cells are laid out while somebody waits.
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    const fits = cell.width <= widths[i]!;
    const text = fits ? cell.text : shorten(cell.text, widths[i]!);
    line += cell.tone === undefined ? text : paint(cell.tone, text);
    if (i < cells.length - 1) {
      line += " ".repeat(widths[i]! - (fits ? cell.width : width(text)) + GAP);
    }
  }
  return line.trimEnd();
}

/** `label  value` lines, for one thing with several facts. */
export function formatFacts(
  facts: readonly (readonly [label: string, value: string | Cell])[],
  paint: Paint,
): string {
  const widest = Math.max(...facts.map(([label]) => width(label)));
  return facts.map(([label, value]) => {
    const cell = typeof value === "string" ? { text: value } : value;
    const text = plainLine(cell.text);
    const shown = "tone" in cell && cell.tone !== undefined ? paint(cell.tone, text) : text;
    return `${paint("dim", label)}${" ".repeat(widest - width(label) + GAP)}${shown}`.trimEnd();
  }).join("\n");
}

/** Each row as `head: text` lines, for terminals too narrow for columns. */
function formatBlocks(table: Table, paint: Paint): string {
  return table.rows.map((row) =>
    row.map((cell, i) => {
      const text = cell.tone === undefined ? cell.text : paint(cell.tone, cell.text);
      return i === 0 ? paint("bold", cell.text) : `  ${table.head[i]!}: ${text}`;
    }).join("\n")
  ).join("\n");
}

/** Widths that fit, taking from the widest first; null when columns would become unreadable. */
function fit(
  widths: readonly number[],
  columns: number,
  whole: readonly number[],
): number[] | null {
  const fitted = [...widths];
  let over = fitted.reduce((sum, n) => sum + n, 0) + GAP * (fitted.length - 1) - columns;
  while (over > 0) {
    const widest = fitted.reduce(
      (best, n, i) => !whole.includes(i) && (best < 0 || n > fitted[best]!) ? i : best,
      -1,
    );
    if (widest < 0 || fitted[widest]! <= NARROWEST) return null;
    fitted[widest] = fitted[widest]! - 1;
    over--;
  }
  return fitted;
}

/** The beginning of a text that is wider than `room`. */
function shorten(text: string, room: number): string {
  let taken = "";
  for (const letter of text) {
    if (width(taken + letter) > room - 1) break;
    taken += letter;
  }
  return `${taken}…`;
}

/** Columns a text takes: two for the wide letters of East Asian scripts and for emoji (UAX #11). */
export function width(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let columns = 0;
  for (const letter of text) {
    if (/\p{Mark}|\u200d/u.test(letter)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u
          .test(letter)
        ? 2
        : 1;
  }
  return columns;
}
