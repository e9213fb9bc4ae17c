/**
 * The benchmark table: what a row says, and where it is written.
 *
 * @module
 */
import { equal, match, throws } from "node:assert/strict";
import { type BenchRow, keepsBound, median } from "../../bench/bench_row.ts";
import { renderTable, replaceBetweenMarkers } from "../../bench/report.ts";

const ROW: BenchRow = {
  name: "authsome --version",
  value: 15,
  unit: "ms",
  against: { name: "an empty Deno script", value: 10 },
  bound: { of: "ratio", side: "at most", limit: 1.3 },
};

Deno.test("keepsBound() compares the ratio where a ratio was promised", () => {
  equal(keepsBound(ROW), false);
  equal(keepsBound({ ...ROW, value: 13 }), true);
});

Deno.test("keepsBound() is null where there is nothing to compare with", () => {
  const { against: _, ...alone } = ROW;

  equal(keepsBound(alone), null);
});

Deno.test("renderTable() says so when a promise is missed", () => {
  match(renderTable([ROW]), /15\.0 ms \| an empty Deno script: 10\.0 ms \| 1\.50 × \| .*missed/);
});

Deno.test("replaceBetweenMarkers() leaves the rest of the page alone", () => {
  const page = "before\n\n<!-- bench:begin (written by: deno task bench --write) -->\n\nold\n\n" +
    "<!-- bench:end -->\n\nafter\n";

  equal(replaceBetweenMarkers(page, "new"), page.replace("old", "new"));
  throws(() => replaceBetweenMarkers("no markers", "new"), /marker|missing/);
});

Deno.test("median() is the middle one, whatever the order", () => {
  equal(median([9, 1, 5]), 5);
  throws(() => median([]), RangeError);
});
