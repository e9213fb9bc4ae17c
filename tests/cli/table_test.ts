import { equal, ok } from "node:assert/strict";
import { paintColor, paintPlain } from "../../cli/color.ts";
import { type Cell, formatFacts, formatTable, width } from "../../cli/table.ts";

const TABLE = {
  head: ["Provider", "Status"],
  rows: [
    [{ text: "GitHub [github]" }, { text: "connected", tone: "green" as const }],
    [{ text: "短い [ja]" }, { text: "-" }],
  ],
};

Deno.test("formatTable() lines columns up, wide letters included", () => {
  equal(
    formatTable(TABLE, 80, paintPlain),
    [
      "Provider         Status",
      "GitHub [github]  connected",
      "短い [ja]        -",
    ].join("\n"),
  );
});

Deno.test("formatTable() leaves a column whole that is of no use otherwise", () => {
  const rows = [[{ text: "2026-11-22 04:13:57" }, { text: "a long story about nothing" }]];
  const table = { head: ["Time", "Details"], rows };

  const lines = formatTable({ ...table, whole: [0] }, 30, paintPlain).split("\n");
  equal(lines[1], "2026-11-22 04:13:57  a long s…");
  ok(formatTable({ ...table, whole: [0, 1] }, 30, paintPlain).includes("  Details: "));
});

Deno.test("formatTable() leaves spare columns out, in their order, before it shortens a name", () => {
  const table = {
    head: ["Name", "Source", "Kind", "Status"],
    rows: [["OpenAI [openai]", "bundled", "api_key", "connected"].map((text) => ({ text }))],
    whole: [3],
    spare: [1, 2],
  };
  const shown = (columns: number) => formatTable(table, columns, paintPlain).split("\n")[1];

  equal(shown(44), "OpenAI [openai]  bundled  api_key  connected");
  equal(shown(43), "OpenAI [openai]  api_key  connected");
  equal(shown(34), "OpenAI [openai]  connected");
  equal(shown(25), "OpenAI [opena…  connected");
  // Blocks have room for everything.
  ok(formatTable(table, 15, paintPlain).includes("  Source: bundled"));
});

Deno.test("formatTable() shortens the widest column where the terminal is narrow", () => {
  const lines = formatTable(TABLE, 22, paintPlain).split("\n");

  ok(lines.every((line) => width(line) <= 22), lines.join("\n"));
  equal(lines[1], "GitHub [gi…  connected");
});

Deno.test("formatTable() becomes blocks on a terminal of 15 columns", () => {
  equal(
    formatTable(TABLE, 15, paintPlain),
    "GitHub [github]\n  Status: connected\n短い [ja]\n  Status: -",
  );
});

Deno.test("formatTable() has no line in a block for what is empty", () => {
  const rows = [[{ text: "2026-11-22 04:13:57" }, { text: "" }, { text: "checkpoint" }]];
  const table = { head: ["Time", "Details", "Event"], rows, whole: [0, 1, 2] };

  equal(formatTable(table, 15, paintPlain), "2026-11-22 04:13:57\n  Event: checkpoint");
});

Deno.test("formatTable() counts colours as nothing", () => {
  const plain = formatTable(TABLE, 80, paintPlain);
  // deno-lint-ignore no-control-regex
  equal(formatTable(TABLE, 80, paintColor).replace(/\x1b\[\d+m/g, ""), plain);
});

Deno.test("a cell cannot drive the terminal: no escape, no new line, no reversed text", () => {
  const evil = "x\x1b]0;pwned\x07\r\n\u202eevil\x9b31m";

  const shown = formatTable({ head: ["A"], rows: [[{ text: evil }]] }, null, paintPlain) +
    formatFacts([["a", evil]], paintPlain);

  // deno-lint-ignore no-control-regex
  equal(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(shown), false);
  equal(shown.split("\n").length, 2);
});

Deno.test("formatTable() lays out a cell that several rows share as if each had its own", () => {
  const rows = (cell: () => Cell): Cell[][] => [
    [cell(), { text: "a" }],
    [cell(), { text: "a longer one" }],
    [{ text: "wide 漢字" }, cell()],
    [cell(), cell()],
  ];
  const layOut = (table: readonly Cell[][]) =>
    formatTable({ head: ["A", "B"], rows: table }, null, paintPlain);
  const shared: Cell = { text: "shared", tone: "dim" };

  equal(layOut(rows(() => shared)), layOut(rows(() => ({ ...shared }))));
});
