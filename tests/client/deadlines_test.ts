/** One timer for many requests: each is given up on in its time, and none when it has ended. */
import { equal, ok } from "node:assert/strict";
import { Deadlines } from "../../client/deadlines.ts";
import { until } from "../support/until.ts";

Deno.test("Deadlines: what does not end in time is aborted, what has ended is not", async () => {
  const deadlines = new Deadlines(20);
  const silent = deadlines.begin();
  const answered = deadlines.begin();
  deadlines.end(answered);

  await aborted(silent.signal);

  equal(answered.signal.aborted, false);
});

Deno.test("Deadlines: a later request has its whole time, also when the timer of an earlier one rings", async () => {
  const deadlines = new Deadlines(30);
  const began = performance.now();
  const first = deadlines.begin();
  await until(() => performance.now() - began > 10);
  const secondBegan = performance.now();
  const second = deadlines.begin();

  await aborted(first.signal);
  await aborted(second.signal);

  ok(performance.now() - secondBegan >= 30);
});

Deno.test("Deadlines: a client that was idle for long gives up on its next request, too", async () => {
  const deadlines = new Deadlines(10);
  deadlines.end(deadlines.begin());
  const began = performance.now();
  await until(() => performance.now() - began > 20);

  const late = deadlines.begin();

  await aborted(late.signal);
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
