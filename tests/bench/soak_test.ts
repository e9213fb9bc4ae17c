/** The soak judges rightly, and a short one passes. */
import assert from "node:assert/strict";
import { Ledger } from "../../bench/soak/ledger.ts";
import { summarize } from "../../bench/soak/memory_watch.ts";
import { soak } from "../../bench/soak/soak.ts";
import { TRAFFIC } from "../../bench/soak/traffic.ts";

Deno.test("the ledger takes the key in force when a request was sent, or a newer one", () => {
  const ledger = new Ledger("one");
  ledger.judgeChanging("one", "0");
  ledger.beginChange("two");
  ledger.judgeChanging("one", ledger.epoch);
  ledger.judgeChanging("two", ledger.epoch);
  ledger.endChange();
  // Sent before the change was done.
  ledger.judgeChanging("one", "0");
  ledger.judgeFixed("key", "key", "a.test");
  ledger.judgeFixed(null, null, "b.test");
  assert.deepEqual([ledger.wrong, ledger.missing], [0, 0]);

  ledger.judgeChanging("one", ledger.epoch);
  ledger.judgeFixed("other", "key", "a.test");
  assert.deepEqual([ledger.wrong, ledger.missing], [2, 0]);

  ledger.judgeChanging(null, ledger.epoch);
  ledger.judgeChanging("a placeholder", ledger.epoch);
  ledger.judgeFixed(null, "key", "a.test");
  ledger.judgeFixed("key", null, "b.test");
  assert.deepEqual([ledger.wrong, ledger.missing], [2, 4]);
});

Deno.test("memory is compared after its first third, by medians", () => {
  assert.deepEqual(summarize([10, 20, 30, 100, 300, 101, 110, 109, 111]), {
    middle: 101,
    end: 110,
    peak: 300,
  });
});

Deno.test("a short soak with a changing key and a dying daemon: nothing wrong, missing or left", async () => {
  const result = await soak(4_000, () => {}, {
    changeEveryMs: 500,
    killEveryMs: 1_500,
    // Its clients are Node processes, which take too much of four seconds on a busy machine.
    withoutHttp2: true,
    isEnough: ({ tallies, changes, kills }) =>
      changes > 0 && kills > 0 && tallies.size === Object.keys(TRAFFIC).length - 1 &&
      [...tallies.values()].every(({ done }) => done > 0),
  });

  assert.deepEqual([result.wrong, result.missing], [0, 0], result.complaints.join("\n"));
  for (const [kind, { done, failed }] of result.tallies) {
    assert.ok(done > 0, kind);
    assert.equal(failed, 0, result.complaints.join("\n"));
  }
  assert.ok(result.changes > 0 && result.kills > 0);
  assert.deepEqual(result.leftovers, []);
});
