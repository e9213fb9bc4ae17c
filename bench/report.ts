/**
 * The benchmark table as Markdown, and its way into `docs/benchmarks.md` and the README.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";
import { type BenchRow, keepsBound, ratioOf } from "./bench_row.ts";

/** What stands around a table in a page. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

const MARKERS: Markers = {
  begin: "<!-- bench:begin (written by: deno task bench --write) -->",
  end: "<!-- bench:end -->",
};

/** The machine in one line, because a number without it says nothing. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ` +
    `${memory} GB, ${Deno.build.os} ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}

/** The rows as a Markdown table. */
export function renderTable(rows: readonly BenchRow[]): string {
  const lines = [
    "| what | median | against | ratio | promised | |",
    "| --- | ---: | --- | ---: | --- | --- |",
  ];
  for (const row of rows) {
    const { name, against, note } = row;
    const ratio = ratioOf(row);
    lines.push(
      [
        "",
        name,
        show(row.value, row.unit),
        against === undefined ? "" : `${against.name}: ${show(against.value, row.unit)}`,
        ratio === null ? "" : `${ratio.toFixed(2)} ×`,
        showBound(row),
        note ?? "",
        "",
      ].join(" | ").trim(),
    );
  }
  return lines.join("\n");
}

/** `text` with what stands between the two marker comments replaced by `content`. */
export function replaceBetweenMarkers(
  text: string,
  content: string,
  { begin, end }: Markers = MARKERS,
): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`Cannot write the table: ${begin} is missing`);
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`;
}

function showBound(row: BenchRow): string {
  if (row.bound === undefined) return "";
  const { of, side, limit } = row.bound;
  const kept = keepsBound(row);
  const verdict = kept === null ? "not comparable here" : kept ? "kept" : "**missed**";
  return `${side} ${
    of === "ratio" ? `${Number(limit.toFixed(2))} ×` : show(limit, row.unit)
  }: ${verdict}`;
}

function show(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ",")} ${unit}`;
}
