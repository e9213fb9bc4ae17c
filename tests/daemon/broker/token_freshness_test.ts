import assert from "node:assert/strict";
import { type Freshness, freshness } from "../../../daemon/broker/token_freshness.ts";
import { exampleConnection, NOW } from "../records/connection_example.ts";

/** Seconds from now: obtained, expires (null: not known), refused; the window; what it is. */
const CASES: Readonly<
  Record<string, readonly [number, number | null, number | null, number, Freshness]>
> = {
  "with most of its life before it": [-60, 3540, null, 300, "fresh"],
  "inside the window": [-3400, 200, null, 300, "due"],
  "in its last seconds": [-3597, 3, null, 300, "stale"],
  "after its end": [-3700, -100, null, 300, "stale"],
  "without a known end": [-1_000_000, null, null, 300, "fresh"],
  "with a life shorter than the window": [0, 120, null, 300, "fresh"],
  "in the last fifth of a short life": [-100, 20, null, 300, "due"],
  "of ten seconds in its last one": [-9, 1, null, 300, "stale"],
  "with a window of nothing": [-3600, 1, null, 0, "fresh"],
  "that is dead on arrival": [0, 0, null, 300, "stale"],
  "that was refused": [-60, 3540, -1, 300, "stale"],
  "whose predecessor was refused": [-60, 3540, -90, 300, "fresh"],
  "without a known end that was refused": [-60, null, -1, 300, "stale"],
  "after the clock went back by a day": [86_400, 90_000, null, 300, "due"],
  "after the clock went back by a second": [1, 3601, null, 300, "fresh"],
  "that was refused after the clock went back": [86_400, 90_000, -1, 300, "stale"],
};

for (
  const [name, [obtained, expires, rejected, windowSeconds, expected]] of Object.entries(CASES)
) {
  Deno.test(`freshness() of a token ${name} is ${expected}`, () => {
    const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
    const connection = exampleConnection("acme", "one", {
      obtained_at: at(obtained),
      expires_at: expires === null ? null : at(expires),
    });
    const rejectedAt = rejected === null ? null : at(rejected);

    assert.equal(freshness(connection, { now: NOW, windowSeconds, rejectedAt }), expected);
  });
}
