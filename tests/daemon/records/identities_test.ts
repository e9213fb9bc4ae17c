/**
 * Registration: one principal, one vault, one handle for a key.
 *
 * @module
 */
import assert from "node:assert/strict";
import { didKey } from "../../../core/did_key.ts";
import { IdentityRegistrationError, InvalidInputError } from "../../../core/errors.ts";
import {
  listIdentities,
  readIdentity,
  readPrincipal,
  registerIdentity,
} from "../../../daemon/records/identities.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import type { Vault } from "../../../daemon/vault/vault.ts";
import { minutesLater, NOW } from "./connection_example.ts";

const DID_A = didKey(new Uint8Array(32).fill(1));
const DID_B = didKey(new Uint8Array(32).fill(2));

Deno.test("the first identity makes the principal and the vault; later ones join", async () => {
  const vault = new MemoryVault();
  assert.equal(await readPrincipal(vault), null);

  const first = await registerIdentity(vault, { handle: "first-one", did: DID_A }, NOW);
  const second = await registerIdentity(
    vault,
    { handle: "second-one", did: DID_B },
    minutesLater(1),
  );

  assert.match(first.principal_id, /^principal_[0-9a-f]{12}$/);
  assert.match(first.vault_id, /^vault_[0-9a-f]{12}$/);
  assert.equal(second.principal_id, first.principal_id);
  assert.equal(second.vault_id, first.vault_id);
  assert.deepEqual(await readPrincipal(vault), {
    principal_id: first.principal_id,
    vault_id: first.vault_id,
    created_at: NOW,
  });
  assert.deepEqual(await listIdentities(vault), [first, second]);
});

Deno.test("the same pair again gives what is there", async () => {
  const vault = new MemoryVault();
  const first = await registerIdentity(vault, { handle: "one", did: DID_A }, NOW);
  const again = await registerIdentity(vault, { handle: "one", did: DID_A }, minutesLater(9));
  assert.deepEqual(again, first);
});

Deno.test("a handle of another key and a key of another handle are refused", async () => {
  const vault = new MemoryVault();
  await registerIdentity(vault, { handle: "one", did: DID_A }, NOW);

  await assert.rejects(
    registerIdentity(vault, { handle: "one", did: DID_B }, NOW),
    (error: unknown) =>
      error instanceof IdentityRegistrationError && /belongs to another key/.test(error.message),
  );
  await assert.rejects(
    registerIdentity(vault, { handle: "two", did: DID_A }, NOW),
    (error: unknown) =>
      error instanceof IdentityRegistrationError && /registered as one/.test(error.message),
  );
  assert.equal(await readIdentity(vault, "two"), null);
  assert.equal((await readIdentity(vault, "one"))?.did, DID_A);
});

Deno.test("what is no handle or no did:key is refused", async () => {
  const vault = new MemoryVault();
  await assert.rejects(
    registerIdentity(vault, { handle: "a:b", did: DID_A }, NOW),
    InvalidInputError,
  );
  await assert.rejects(
    registerIdentity(vault, { handle: "one", did: "did:web:example.test" }, NOW),
    InvalidInputError,
  );
  assert.deepEqual(await vault.keys(""), []);
});

Deno.test("two first registrations at once make one principal", async () => {
  const vault = new MemoryVault();
  const [first, second] = await Promise.all([
    registerIdentity(vault, { handle: "one", did: DID_A }, NOW),
    registerIdentity(vault, { handle: "two", did: DID_B }, NOW),
  ]);
  assert.equal(first.principal_id, second.principal_id);
  assert.equal(first.vault_id, second.vault_id);
});

Deno.test("two processes that register first at once make one principal", async () => {
  const store = new MemoryVault();
  // Two wrappers are two vaults to the in-process queue, as two processes would be.
  const [here, there] = [{ ...methodsOf(store) }, { ...methodsOf(store) }];
  const [first, second] = await Promise.all([
    registerIdentity(here, { handle: "one", did: DID_A }, NOW),
    registerIdentity(there, { handle: "two", did: DID_B }, NOW),
  ]);

  assert.equal(first.principal_id, second.principal_id);
  assert.equal((await listIdentities(store)).length, 2);
});

Deno.test("two processes that register one key at once under two handles: one is refused", async () => {
  const store = new MemoryVault();
  const results = await Promise.allSettled([
    registerIdentity(methodsOf(store), { handle: "one", did: DID_A }, NOW),
    registerIdentity(methodsOf(store), { handle: "two", did: DID_A }, NOW),
  ]);

  const refused = results.filter((result) => result.status === "rejected");
  assert.equal(refused.length, 1);
  assert.ok(refused[0]?.reason instanceof IdentityRegistrationError);
  assert.equal((await listIdentities(store)).length, 1);
});

function methodsOf(vault: Vault): Vault {
  return {
    get: (key) => vault.get(key),
    list: (prefix) => vault.list(prefix),
    keys: (prefix) => vault.keys(prefix),
    write: (changes) => vault.write(changes),
    close: () => vault.close(),
  };
}
