/** The Node process of tests: what is told is heard, and what breaks over there is not passed over. */
import assert from "node:assert/strict";
import { startNode, withNode } from "./node_process.ts";

withNode.test("an answer comes behind everything that was told before it", async () => {
  const node = startNode();
  const sum = await node.run(({ tell }, numbers) => {
    for (const number of numbers) tell("number", number);
    return numbers.reduce((sum, number) => sum + number);
  }, [1, 2, 3]);

  assert.equal(sum, 6);
  assert.deepEqual(await node.told("number"), [1, 2, 3]);
  assert.equal(await node.until("number"), 1);
  await node.close();
});

withNode.test("both sides wait for what the other one tells", async () => {
  const node = startNode();
  const answer = node.run(async ({ until, tell }) => {
    tell("asked");
    return await until<string>("said");
  });
  await node.until("asked");
  node.tell("said", "line\nbreak");

  assert.equal(await answer, "line\nbreak");
  await node.close();
});

withNode.test("what a function throws is its caller's; the process goes on", async () => {
  const node = startNode();
  await assert.rejects(
    node.run(() => {
      throw new TypeError("broken");
    }),
    /in Node: TypeError: broken/,
  );
  assert.equal(await node.run(() => 1), 1);
  await node.close();
});

withNode.test("what nothing catches over there fails whoever waits, and the end of the test", async () => {
  const node = startNode();
  const waiting = node.until("never");
  await node.run(() => void setTimeout(() => Promise.reject(new Error("unseen"))));

  await assert.rejects(waiting, /in Node: Error: unseen/);
  await assert.rejects(node.close(), /in Node: Error: unseen/);
});

withNode.test("a process that crashes fails its test and no other", async () => {
  const node = startNode();
  await assert.rejects(
    node.run(() => {
      const { process } = globalThis as unknown as { process: typeof import("node:process") };
      process.kill(process.pid, "SIGKILL");
    }),
    /the Node process ended with SIGKILL/,
  );
  await assert.rejects(node.close(), /SIGKILL/);
});
