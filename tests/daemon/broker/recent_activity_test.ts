/**
 * The numbers of the last days, out of an audit log of any length.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { AuditLine } from "../../../core/audit_chain.ts";
import { BackgroundTasks } from "../../../daemon/background_tasks.ts";
import { RecentActivity } from "../../../daemon/broker/recent_activity.ts";

const NOW = new Date("2026-03-14T12:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;

/** A log, and how far it was read each time. */
function logOf(lines: readonly AuditLine[]) {
  const tasks = new BackgroundTasks(() => {});
  const pending: Promise<void>[] = [];
  let read = 0;
  let broken = false;
  const activity = new RecentActivity({
    now: () => NOW,
    background: (task) => {
      const done = Promise.withResolvers<void>();
      pending.push(done.promise);
      tasks.start((signal) => task(signal).finally(done.resolve));
    },
    auditTrail: {
      page: () => Promise.reject(new Error("not asked for")),
      async *newest() {
        for (const line of lines.toReversed()) {
          if (broken) throw new Error("the disk is gone");
          read++;
          yield line;
          await Promise.resolve();
        }
      },
      verify: () => Promise.reject(new Error("not asked for")),
    },
  });
  return {
    activity,
    read: () => read,
    setBroken: (isBroken: boolean) => broken = isBroken,
    settled: async () => void await Promise.all(pending),
  };
}

function line(seq: number, daysAgo: number, parts: Partial<AuditLine> = {}): AuditLine {
  return {
    seq,
    timestamp: new Date(NOW.getTime() - daysAgo * DAY_MS).toISOString(),
    event: "use",
    status: "success",
    provider: "github",
    connection: "work",
    run: "grant_1",
    prev: "",
    ...parts,
  };
}

Deno.test("days are counted, older ones are not, and days without anything are there", async () => {
  const { activity } = logOf([
    line(1, 20, { details: { count: 100 } }),
    line(2, 13, { details: { count: 3 } }),
    line(3, 0, { details: { count: 5 } }),
    line(4, 0, { event: "proxy_deny", status: "denied", details: { count: 2 } }),
    line(5, 0, { event: "login" }),
  ]);
  await activity.update();
  const days = activity.days();
  equal(days.length, 14);
  deepEqual(days[0], { date: "2026-03-01", used: 3, refused: 0 });
  deepEqual(days[1], { date: "2026-03-02", used: 0, refused: 0 });
  deepEqual(days[13], { date: "2026-03-14", used: 5, refused: 2 });
});

Deno.test("what the daemon handed out and what the proxy sent are not added up", async () => {
  const { activity } = logOf([
    line(1, 0, { event: "resolve", details: { count: 2 } }),
    line(2, 0, { event: "use", details: { count: 7 } }),
    line(3, 0, { event: "resolve", provider: "linear", details: { count: 4 } }),
  ]);
  await activity.update();
  deepEqual(activity.usesOf("grant_1"), [
    { connection: "github/work", requests: 7 },
    { connection: "linear/work", requests: 4 },
  ]);
  deepEqual(activity.usesOf("grant_2"), []);
});

Deno.test("only what is new is read again, also when two pages ask at the same time", async () => {
  const lines = [line(1, 0, { details: { count: 1 } })];
  const { activity, read } = logOf(lines);
  await Promise.all([activity.update(), activity.update()]);
  lines.push(line(2, 0, { details: { count: 1 } }));
  await activity.update();
  deepEqual(activity.usesOf("grant_1"), [{ connection: "github/work", requests: 2 }]);
  // The newest known line is looked at each time, to see that it is known.
  equal(read(), 4);
});

Deno.test("no page waits for a long log; behind it every line is counted, and once", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => line(i + 1, i < 15_000 ? 3 : 0));
  const { activity, read, settled } = logOf(lines);
  const used = () => activity.days().map(({ used }) => used).filter((count) => count > 0);

  await activity.update();
  equal(activity.isCounting, true);
  ok(read() < 5_000, `${read()}`);
  lines.push(line(30_001, 0));
  await activity.update();
  await settled();

  equal(activity.isCounting, false);
  deepEqual(used(), [15_000, 15_001]);
  deepEqual(activity.usesOf("grant_1"), [{ connection: "github/work", requests: 30_001 }]);
});

Deno.test("of a log that breaks off while it is counted nothing is kept, and nothing counted twice", async () => {
  const { activity, setBroken, settled } = logOf(
    Array.from({ length: 10_000 }, (_, i) => line(i + 1, 0)),
  );
  await activity.update();
  setBroken(true);
  await settled();
  deepEqual(activity.usesOf("grant_1"), []);

  setBroken(false);
  await activity.update();
  await settled();
  deepEqual(activity.usesOf("grant_1"), [{ connection: "github/work", requests: 10_000 }]);
});

Deno.test("of very many runs the newest are remembered, in whatever order they were read", async () => {
  const lines = Array.from(
    { length: 5_000 },
    (_, i) => line(i + 1, 0, { run: `grant_${i}` }),
  );
  const { activity, settled } = logOf(lines);
  await activity.update();
  await settled();
  await activity.update();
  equal(activity.usesOf("grant_4999").length, 1);
  equal(activity.usesOf("grant_4500").length, 1);
  equal(activity.usesOf("grant_0").length, 0);
});

Deno.test("a log that cannot be read is told, and counted once it can be", async () => {
  const { activity, setBroken } = logOf([line(1, 0, { details: { count: 1 } })]);
  setBroken(true);
  await rejects(activity.update(), /the disk is gone/);
  setBroken(false);
  await activity.update();
  deepEqual(activity.usesOf("grant_1"), [{ connection: "github/work", requests: 1 }]);
});
