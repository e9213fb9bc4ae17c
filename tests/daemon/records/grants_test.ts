/**
 * Grants: created, renewed, ended, forgotten.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GrantDeniedError, VaultConflictError } from "../../../core/errors.ts";
import type { Grant } from "../../../core/grant.ts";
import {
  createGrant,
  endGrant,
  listGrants,
  newGrantId,
  pruneGrants,
  readGrant,
  renewGrant,
} from "../../../daemon/records/grants.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import { minutesLater, NOW, VAULT_ID } from "./connection_example.ts";

function exampleGrant(changes: Partial<Grant> = {}): Grant {
  return {
    id: newGrantId(),
    run_did: "did:key:z6Mk",
    identity: "one",
    principal_id: "principal_0123456789ab",
    vault_id: VAULT_ID,
    only: [{ provider: "github", connection: null }],
    connections: { github: "work" },
    label: "curl",
    created_at: NOW,
    expires_at: minutesLater(10),
    ended_at: null,
    ...changes,
  };
}

Deno.test("a grant comes back as it was created; an id is used once", async () => {
  const vault = new MemoryVault();
  const grant = exampleGrant();
  await createGrant(vault, grant);

  assert.match(grant.id, /^grant_[0-9a-f]{24}$/);
  assert.deepEqual(await readGrant(vault, grant.id), grant);
  assert.deepEqual(await listGrants(vault), [grant]);
  await assert.rejects(createGrant(vault, grant), VaultConflictError);
});

Deno.test("an id that nobody gave out finds nothing, whatever is in it", async () => {
  const vault = new MemoryVault();
  for (const id of ["grant_0", "", "a:b", "../..", "x".repeat(500), "\ud800"]) {
    assert.equal(await readGrant(vault, id), null);
    await assert.rejects(endGrant(vault, id, NOW), GrantDeniedError);
    await assert.rejects(renewGrant(vault, id, minutesLater(9), NOW), GrantDeniedError);
  }
});

Deno.test("a renewed grant lasts longer", async () => {
  const vault = new MemoryVault();
  const grant = exampleGrant();
  await createGrant(vault, grant);

  const renewed = await renewGrant(vault, grant.id, minutesLater(60), minutesLater(9));

  assert.deepEqual(renewed, { ...grant, expires_at: minutesLater(60) });
  assert.deepEqual(await readGrant(vault, grant.id), renewed);
});

Deno.test("a grant that ended or expired is never renewed", async () => {
  const vault = new MemoryVault();
  const [ended, expired] = [exampleGrant(), exampleGrant()];
  await createGrant(vault, ended);
  await createGrant(vault, expired);
  await endGrant(vault, ended.id, NOW);

  await assert.rejects(renewGrant(vault, ended.id, minutesLater(60), NOW), GrantDeniedError);
  await assert.rejects(
    renewGrant(vault, expired.id, minutesLater(60), minutesLater(10)),
    GrantDeniedError,
  );
});

Deno.test("ending and renewing at once: the grant has ended", async () => {
  const vault = new MemoryVault();
  const grant = exampleGrant();
  await createGrant(vault, grant);

  await Promise.allSettled([
    renewGrant(vault, grant.id, minutesLater(60), NOW),
    endGrant(vault, grant.id, NOW),
    renewGrant(vault, grant.id, minutesLater(90), NOW),
  ]);

  assert.deepEqual((await readGrant(vault, grant.id))?.ended_at, NOW);
});

Deno.test("a grant ends once", async () => {
  const vault = new MemoryVault();
  const grant = exampleGrant();
  await createGrant(vault, grant);
  await endGrant(vault, grant.id, NOW);

  const again = await endGrant(vault, grant.id, minutesLater(5));

  assert.deepEqual(again.ended_at, NOW);
});

Deno.test("old grants are forgotten, those in force are not", async () => {
  const vault = new MemoryVault();
  const inForce = exampleGrant();
  await createGrant(vault, inForce);
  await createGrant(vault, exampleGrant({ expires_at: minutesLater(-60) }));
  await createGrant(vault, exampleGrant({ ended_at: minutesLater(-60) }));

  assert.equal(await pruneGrants(vault, minutesLater(-30)), 2);

  assert.deepEqual(await listGrants(vault), [inForce]);
});
