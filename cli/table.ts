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
  /** Columns that are left out where there is no room for all, in this order. */
  readonly spare?: readonly number[];
}

const GAP = 2;
/** A column is not shortened below this; blocks are more readable then. */
const NARROWEST = 8;

/** Lines of a table at most `columns` wide (null: as wide as it wants). */
export function formatTable(table: Table, columns: number | null, paint: Paint): string {
  const widths = table.head.map(width);
  const rows = measureRows(table.rows, widths);
  if (columns === null) return formatLines(table.head, rows, widths, paint);
  const kept = keptColumns(widths, columns, table.spare ?? []);
  const whole = (table.whole ?? []).map((column) => kept.indexOf(column));
  const fitted = fit(pick(widths, kept), columns, whole);
  if (fitted === null) return formatBlocks({ head: table.head, rows }, paint);
  const shown = kept.length === widths.length ? rows : rows.map((row) => pick(row, kept));
  return formatLines(pick(table.head, kept), shown, fitted, paint);
}

/** Without the spare columns that there is no room for. */
function keptColumns(
  widths: readonly number[],
  columns: number,
  spare: readonly number[],
): readonly number[] {
  let kept = [...widths.keys()];
  for (const column of spare) {
    if (overWidth(pick(widths, kept), columns) <= 0) break;
    kept = kept.filter((other) => other !== column);
  }
  return kept;
}

function pick<T>(list: readonly T[], indexes: readonly number[]): T[] {
  return indexes.map((index) => list[index]!);
}

function formatLines(
  head: readonly string[],
  rows: readonly (readonly Measured[])[],
  widths: readonly number[],
  paint: Paint,
): string {
  const bold = head.map((text): Measured => ({ text, tone: "bold", width: width(text) }));
  let text = formatLine(bold, widths, paint);
  for (const row of rows) text += `\n${formatLine(row, widths, paint)}`;
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
    row.flatMap((cell, i) => {
      if (i === 0) return [paint("bold", cell.text)];
      // A label in front of nothing.
      if (cell.text === "") return [];
      const text = cell.tone === undefined ? cell.text : paint(cell.tone, cell.text);
      return [`  ${table.head[i]!}: ${text}`];
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
  let over = overWidth(fitted, columns);
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

/** How much wider a line is than `columns`. */
function overWidth(widths: readonly number[], columns: number): number {
  return widths.reduce((sum, n) => sum + n, 0) + GAP * (widths.length - 1) - columns;
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
