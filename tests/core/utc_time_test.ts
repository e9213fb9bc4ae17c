import { strictEqual } from "node:assert/strict";
import { utcTime } from "../../core/utc_time.ts";

const MOMENTS = [
  "0000-01-01T00:00:00.000Z",
  "1969-12-31T23:59:59.999Z",
  "1970-01-01T00:00:00.000Z",
  "2024-02-29T12:34:56.007Z",
  "2026-11-22T16:04:05.678Z",
  "2049-12-31T23:59:59.099Z",
  "9999-12-31T23:59:59.999Z",
];

for (const moment of MOMENTS) {
  Deno.test(`utcTime() spells ${moment} as toISOString() does`, () => {
    const date = new Date(moment);

    strictEqual(utcTime(date), moment);
    strictEqual(utcTime(date), date.toISOString());
  });
}
