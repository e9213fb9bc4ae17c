/**
 * What the daemon does by itself every hour.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { BackgroundTasks } from "../../daemon/background_tasks.ts";
import { keepHouse } from "../../daemon/housekeeping.ts";
import { openTestDaemon } from "./support/test_daemon.ts";

const HOUR_MS = 60 * 60 * 1000;

Deno.test("keepHouse() signs the audit log every hour, and tells when it could not", async () => {
  const daemon = await openTestDaemon();
  const providersDir = await Deno.makeTempDir();
  const failed = Promise.withResolvers<unknown>();
  const tasks = new BackgroundTasks(failed.resolve);
  const signed = Promise.withResolvers<void>();
  let isFull = false;
  const timers = captureTimers(() =>
    keepHouse({
      broker: daemon.broker,
      tasks,
      signLog: () => {
        signed.resolve();
        return isFull ? Promise.reject(new Error("the disk is full")) : Promise.resolve();
      },
      policy: { allowDefinitions: () => Promise.resolve() } as never,
      providersDir,
      log: { info() {}, warn() {}, error() {} },
    })
  );
  const everyHour = timers.filter(({ ms }) => ms === HOUR_MS);
  equal(everyHour.length, 1);

  everyHour[0]!.work();
  await signed.promise;
  isFull = true;
  everyHour[0]!.work();
  equal(String(await failed.promise), "Error: the disk is full");

  await tasks.stop();
  await daemon.stop();
  await Deno.remove(providersDir, { recursive: true });
});

/** What `start` asked to be done again and again; it is done when the test says so. */
function captureTimers(start: () => void): { readonly work: () => void; readonly ms: number }[] {
  const timers: { work: () => void; ms: number }[] = [];
  const real = globalThis.setInterval;
  globalThis.setInterval = ((work: () => void, ms: number) => {
    timers.push({ work, ms });
    return 0;
  }) as never;
  try {
    start();
  } finally {
    globalThis.setInterval = real;
  }
  return timers;
}
