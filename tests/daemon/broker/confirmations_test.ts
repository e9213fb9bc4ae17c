/** How long a change waits for those who have to follow it. */
import assert from "node:assert/strict";
import type { OwnerCaller } from "../../../daemon/broker/caller.ts";
import { Confirmations } from "../../../daemon/broker/confirmations.ts";

const CALLER: OwnerCaller = {
  type: "owner",
  identity: "steady-wisely-boldly-amber-otter-1234",
  did: "did:key:z6Mk",
  principal_id: "principal",
  vault_id: "vault",
};
const PATIENCE_MS = 300;

Deno.test("who does not confirm is waited for as long as promised, and named", async () => {
  const warnings: string[] = [];
  const confirmations = new Confirmations((line) => warnings.push(line), 50);
  void confirmations.open(CALLER).expect(1);

  await confirmations.settled();

  assert.deepEqual(warnings, [
    `The profile ${CALLER.identity} did not confirm a change within 50 ms: it is stopped, or far away`,
  ]);
});

Deno.test("time in which the daemon itself stood still is not counted", async () => {
  const warnings: string[] = [];
  const confirmations = new Confirmations((line) => warnings.push(line), PATIENCE_MS);
  void confirmations.open(CALLER).expect(1);
  let isSettled = false;
  const settled = confirmations.settled().then(() => isSettled = true);

  for (const begin = performance.now(); performance.now() - begin < 2 * PATIENCE_MS;);
  await new Promise((resolve) => setTimeout(resolve));
  const wasSettled = isSettled;
  confirmations.confirm(CALLER, 1);
  await settled;

  assert.deepEqual({ wasSettled, warnings }, { wasSettled: false, warnings: [] });
});
