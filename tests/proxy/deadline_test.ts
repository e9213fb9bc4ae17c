/**
 * One timer for all that a connection waits for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Deadline } from "../../proxy/deadline.ts";

Deno.test("Deadline calls what was expected last, and nothing that was expected before", async () => {
  const deadline = new Deadline();
  const calls: string[] = [];

  deadline.expect(1, () => calls.push("first"));
  await new Promise<void>((resolve) =>
    deadline.expect(20, () => {
      calls.push("second");
      resolve();
    })
  );

  assert.deepEqual(calls, ["second"]);
});

Deno.test("Deadline calls what is to be there sooner than what was expected before", async () => {
  const deadline = new Deadline();

  deadline.expect(60_000, () => assert.fail("the first one is waited for no more"));
  await new Promise<void>((resolve) => deadline.expect(1, resolve));
});

Deno.test("Deadline waits for the next thing when the one before was late", async () => {
  const deadline = new Deadline();
  await new Promise<void>((resolve) => deadline.expect(1, resolve));

  await new Promise<void>((resolve) => deadline.expect(1, resolve));
});

Deno.test("Deadline leaves no timer behind when it has ended", () => {
  const deadline = new Deadline();
  deadline.expect(60_000, () => assert.fail("nothing is waited for"));

  deadline.end();
});
