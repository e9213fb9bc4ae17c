/**
 * The numbers of the last days, out of an audit log of any length.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { AuditLine } from "../../../core/audit_chain.ts";
import { RecentActivity } from "../../../daemon/broker/recent_activity.ts";

const NOW = new Date("2026-03-14T12:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;

function logOf(lines: AuditLine[]) {
  let asked = 0;
  const activity = new RecentActivity({
    now: () => NOW,
    auditTrail: {
      page: ({ limit = 50, cursor }) => {
        asked++;
        const before = cursor === undefined ? Infinity : Number(cursor);
        const older = lines.filter(({ seq }) => seq < before).reverse();
        const entries = older.slice(0, limit);
        const next_cursor = older.length > limit ? String(entries.at(-1)!.seq) : null;
        return Promise.resolve({ entries, next_cursor });
      },
      verify: () => Promise.reject(new Error("not asked for")),
    },
  });
  return { activity, asked: () => asked };
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
  const { activity, asked } = logOf(lines);
  await Promise.all([activity.update(), activity.update()]);
  lines.push(line(2, 0, { details: { count: 1 } }));
  await activity.update();
  deepEqual(activity.usesOf("grant_1"), [{ connection: "github/work", requests: 2 }]);
  equal(asked(), 3);
});

Deno.test("a long log is read in a few steps, and no further than is told", async () => {
  const { activity, asked } = logOf(Array.from({ length: 30_000 }, (_, i) => line(i + 1, 0)));
  await activity.update();
  const [{ requests } = { requests: 0 }] = activity.usesOf("grant_1");
  ok(requests >= 20_000 && requests < 30_000, `${requests}`);
  equal(asked(), 3);
});

Deno.test("a log that cannot be read is told, and counted once it can be", async () => {
  const { activity } = logOf([line(1, 0, { details: { count: 1 } })]);
  let broken = true;
  const flaky = new RecentActivity({
    now: () => NOW,
    auditTrail: {
      page: () =>
        broken
          ? Promise.reject(new Error("the disk is gone"))
          : Promise.resolve({ entries: [line(1, 0)], next_cursor: null }),
      verify: () => Promise.reject(new Error("not asked for")),
    },
  });
  await flaky.update().then(() => ok(false), (error) => equal(error.message, "the disk is gone"));
  broken = false;
  await flaky.update();
  await activity.update();
  deepEqual(flaky.usesOf("grant_1"), activity.usesOf("grant_1"));
});
