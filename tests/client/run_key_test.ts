/** The key of a run: it signs, and nobody gets to see it. */
import assert from "node:assert/strict";
import { makeRunKey } from "../../client/run_key.ts";
import { createProof } from "../../core/proof.ts";
import { verifyProof } from "../../core/verify_proof.ts";

Deno.test("a run's key signs proofs that its did verifies: the first, several at once, later ones", async () => {
  const { did, sign } = await makeRunKey();
  const request = { method: "POST", target: "/api/credentials/resolve", body: new Uint8Array(3) };
  const now = new Date("2026-01-01T00:00:00Z");
  const prove = () => createProof({ subject: "grant_1", did, privateKey: sign }, request, now);

  const proofs = [...await Promise.all([prove(), prove()]), await prove()];

  for (const proof of proofs) {
    const { did: signer, subject } = await verifyProof(proof, request, now);
    assert.deepEqual([signer, subject], [did, "grant_1"]);
  }
});

Deno.test("from its second signature on, a run's key hands nothing to another thread", async () => {
  const { sign } = await makeRunKey();
  await sign(new Uint8Array(1));

  assert.ok(sign(new Uint8Array(1)) instanceof Uint8Array);
});

Deno.test("a run's key is a name and a function: there is nothing to export", async () => {
  const key = await makeRunKey();
  assert.deepEqual(Object.values(key).map((value) => typeof value), ["string", "function"]);
});
