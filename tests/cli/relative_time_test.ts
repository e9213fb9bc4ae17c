import { equal } from "node:assert/strict";
import { describeExpiry, describeWait } from "../../cli/relative_time.ts";

const NOW = new Date("2030-01-01T00:00:00Z");

const EXPIRIES: readonly (readonly [seconds: number, text: string])[] = [
  [59, "expires in 59s"],
  [60, "expires in 1m"],
  [3 * 3600 + 59, "expires in 3h"],
  [86_400 * 40, "expires in 40d"],
  [0, "expired 0s ago"],
  [-59, "expired 59s ago"],
  [-86_400 * 2 - 5, "expired 2d ago"],
];

for (const [seconds, text] of EXPIRIES) {
  Deno.test(`describeExpiry() says "${text}"`, () => {
    equal(describeExpiry(new Date(NOW.getTime() + seconds * 1000), NOW), text);
  });
}

Deno.test("describeWait() counts seconds, then minutes, and never below nothing", () => {
  equal(describeWait(59_001), "1m 0s");
  equal(describeWait(20_000), "20s");
  equal(describeWait(-5), "0s");
});
