/**
 * The gate between requests and a restore.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../../core/errors.ts";
import { RequestGate } from "../../../daemon/broker/request_gate.ts";
import { grantRun, logIn, openTestDaemon, registerOwner } from "../support/test_daemon.ts";

Deno.test("alone() waits for the requests inside, and lets none in meanwhile", async () => {
  const gate = new RequestGate();
  const order: string[] = [];
  gate.enter();
  const alone = gate.alone(10_000, async () => {
    order.push("alone");
    await Promise.resolve();
    assert.notEqual(gate.opening, null);
    order.push("done");
  });
  assert.equal(order.length, 0, "not before the request is answered");
  const late = gate.opening!.then(() => order.push("let in"));
  gate.leave();
  await Promise.all([alone, late]);

  assert.deepEqual(order, ["alone", "done", "let in"]);
  assert.equal(gate.opening, null);
});

Deno.test("alone() gives up when a request does not end, and opens the gate again", async () => {
  const gate = new RequestGate();
  gate.enter();
  let wasDone = false;
  await assert.rejects(gate.alone(1, () => Promise.resolve(wasDone = true)), StoreUnavailableError);

  assert.equal(wasDone, false);
  assert.equal(gate.opening, null);
  gate.leave();
  assert.equal(await gate.alone(1, () => Promise.resolve("later")), "later");
});

Deno.test("alone() is refused while another is at work, and after a failure it is not", async () => {
  const gate = new RequestGate();
  const { promise, reject } = Promise.withResolvers<void>();
  const first = gate.alone(1000, () => promise);
  await assert.rejects(gate.alone(1000, () => Promise.resolve()), StoreUnavailableError);
  reject(new Error("it failed"));
  await assert.rejects(first, /it failed/);

  assert.equal(await gate.alone(1000, () => Promise.resolve(7)), 7);
});

Deno.test("every request waits at a closed gate, but for the question whether the daemon lives", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run } = await grantRun(daemon, owner);
  const { promise, resolve } = Promise.withResolvers<void>();
  const alone = daemon.broker.gate.alone(1000, () => promise);
  let answered = 0;
  const count = async (response: Promise<Response>) => {
    assert.equal((await response).status, 200);
    await (await response).body?.cancel();
    answered++;
  };

  const waiting = [
    count(owner.call("GET", "/connections")),
    count(owner.call("GET", "/api/connections")),
    count(run.call("POST", "/credentials/resolve", { provider: "acme" })),
    count(daemon.request("/openapi.json")),
  ];
  assert.equal((await daemon.request("/health")).status, 200);
  assert.equal((await daemon.request("/api/health")).status, 200);
  assert.equal(answered, 0);
  resolve();
  await Promise.all([alone, ...waiting]);

  assert.equal(answered, 4);
  await daemon.stop();
});
