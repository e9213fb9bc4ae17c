/** A quiet run gives memory back, a small one does not stop for it. */
import assert from "node:assert/strict";
import { IdleMemory, MUCH_BYTES } from "../../proxy/idle_memory.ts";

const MIB = 1024 * 1024;

Deno.test("behind much growth a pause is enough", () =>
  stayingAwake(async () => {
    let resident = 70 * MIB;
    let looks = 0;
    const collected = Promise.withResolvers<number>();
    const memory = new IdleMemory({
      lookMs: 1,
      resident: () => {
        looks++;
        return resident;
      },
      collect: () => collected.resolve(looks),
    });

    resident = 70 * MIB + MUCH_BYTES;
    memory.used();

    // At first and in the pause; not at the end of the quiet.
    assert.equal(await collected.promise, 2);
    memory.close();
  }));

Deno.test("one that grows again is collected again", () =>
  stayingAwake(async () => {
    let resident = 70 * MIB;
    let collections = 0;
    const again = Promise.withResolvers<void>();
    const memory = new IdleMemory({
      lookMs: 1,
      resident: () => resident,
      collect: () => {
        resident = 70 * MIB;
        if (++collections === 2) again.resolve();
      },
    });

    resident = 70 * MIB + MUCH_BYTES;
    memory.used();
    while (collections === 0) await new Promise((resolve) => setTimeout(resolve));
    resident = 70 * MIB + MUCH_BYTES;
    memory.used();

    await again.promise;
    memory.close();
  }));

Deno.test("less growth is collected too when the quiet lasts", () =>
  stayingAwake(async () => {
    let resident = 70 * MIB;
    let looks = 0;
    const collected = Promise.withResolvers<void>();
    const memory = new IdleMemory({
      lookMs: 1,
      resident: () => {
        looks++;
        return resident;
      },
      collect: () => collected.resolve(),
    });

    resident = 70 * MIB + MUCH_BYTES - 1;
    memory.used();

    await collected.promise;
    // At first, in the pause, at the end of the quiet.
    assert.equal(looks, 3);
    memory.close();
  }));

Deno.test("without growth nothing is collected", () =>
  stayingAwake(async () => {
    let looks = 0;
    const looked = Promise.withResolvers<void>();
    const memory = new IdleMemory({
      lookMs: 1,
      resident: () => {
        if (++looks === 3) looked.resolve();
        return 70 * MIB;
      },
      collect: () => assert.fail("collected"),
    });

    memory.used();

    await looked.promise;
    memory.close();
  }));

Deno.test("what the start left behind is collected when nothing is asked for", () =>
  stayingAwake(async () => {
    const collected = Promise.withResolvers<void>();
    const memory = new IdleMemory({ startedMs: 1, collect: () => collected.resolve() });

    memory.started();

    await collected.promise;
    memory.close();
  }));

Deno.test("where something is asked for at once, the start is not followed by a collection", () =>
  stayingAwake(async () => {
    const memory = new IdleMemory({ startedMs: 1, collect: () => assert.fail("collected") });
    memory.started();
    memory.used();

    // Behind the other one: timers of one length fire in the order in which they were set.
    await new Promise((resolve) => setTimeout(resolve, 1));
    memory.close();
  }));

Deno.test("the collection of a real process is one that works", () =>
  stayingAwake(async () => {
    let resident = 0;
    const done = Promise.withResolvers<void>();
    const memory = new IdleMemory({
      lookMs: 1,
      resident: () => {
        resident += 100 * MIB;
        // At first, at the look, and behind the collection.
        if (resident === 300 * MIB) done.resolve();
        return resident;
      },
    });

    memory.used();
    await done.promise;
    memory.close();
  }));

/** The timers of it keep no process alive. */
async function stayingAwake(body: () => Promise<void>): Promise<void> {
  const awake = setInterval(() => {}, 60_000);
  try {
    await body();
  } finally {
    clearInterval(awake);
  }
}
