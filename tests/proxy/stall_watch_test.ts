/** What a run does after it stood still while a credential was changed. */
import assert from "node:assert/strict";
import { PATIENCE_MS } from "../../daemon/broker/confirmations.ts";
import {
  BEAT_MS,
  STALLED_MS,
  StallWatch,
  type StallWatchOptions,
} from "../../proxy/stall_watch.ts";
import { until } from "../support/until.ts";

interface Stage extends Disposable {
  readonly watch: StallWatch;
  readonly clock: { now: number };
  readonly stalls: number;
}

function open(options: Omit<StallWatchOptions, "now"> = {}): Stage {
  const clock = { now: 1_000_000 };
  let stalls = 0;
  const watch = new StallWatch(() => void stalls++, { ...options, now: () => clock.now });
  return {
    watch,
    clock,
    get stalls() {
      return stalls;
    },
    [Symbol.dispose]: () => watch.close(),
  };
}

Deno.test("whoever the daemon stops waiting for has noticed that it stood still", () => {
  assert.ok(STALLED_MS + BEAT_MS < PATIENCE_MS);
});

Deno.test("while all goes on nobody waits", () => {
  using stage = open();
  stage.clock.now += 150;

  assert.equal(stage.watch.caughtUp(), null);
  assert.equal(stage.stalls, 0);
});

for (const [name, milliseconds] of [["a standstill", 151], ["a clock set back", -151]] as const) {
  Deno.test(`after ${name} every request waits until what has arrived is read`, async () => {
    using stage = open();
    stage.clock.now += milliseconds;

    const first = stage.watch.caughtUp();
    const second = stage.watch.caughtUp();

    assert.equal(stage.stalls, 1);
    assert.ok(first !== null);
    assert.equal(first, second);
    await first;
    assert.equal(stage.watch.caughtUp(), null);
  });
}

Deno.test("a standstill is noticed by the beat, too, before any request", async () => {
  using stage = open();
  stage.clock.now += 151;

  await until(() => stage.stalls === 1);
});

Deno.test("what waits is let go when the watch ends", async () => {
  const stage = open();
  stage.clock.now += 151;
  const waiting = stage.watch.caughtUp();

  stage.watch.close();

  await waiting;
});

Deno.test("before a request after a long quiet, what has arrived is read", async () => {
  using stage = open({ idleBeats: 0 });
  const { watch } = stage;

  await until(() => watch.caughtUp() !== null);

  assert.equal(stage.stalls, 0, "nothing is forgotten");
  await watch.caughtUp();
});

Deno.test("a watch that has ended beats no more", () => {
  const stage = open();
  stage.watch.close();

  assert.equal(stage.watch.caughtUp(), null);
});
