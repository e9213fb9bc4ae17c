/**
 * OAuth clients and refresh states: kept and given back.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ProviderClient } from "../../../core/provider_client.ts";
import { Secret } from "../../../core/secret.ts";
import {
  NEVER_REFRESHED,
  readConnectionState,
  stateChange,
} from "../../../daemon/records/connection_state.ts";
import {
  readProviderClient,
  removeProviderClient,
  saveProviderClient,
} from "../../../daemon/records/provider_clients.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import { NOW, VAULT_ID } from "./connection_example.ts";

const CLIENT: ProviderClient = {
  client_id: "id",
  client_secret: new Secret("client secret"),
  token_endpoint_auth_method: "client_secret_basic",
  base_url: "https://git.example.test",
  scopes: ["read"],
  redirect_uri: null,
  registration_client_uri: null,
  registration_access_token: null,
};

Deno.test("a client comes back with its secret, is replaced, and is removed", async () => {
  const vault = new MemoryVault();
  assert.equal(await readProviderClient(vault, "github"), null);
  await saveProviderClient(vault, "github", CLIENT);

  const { client_secret, ...rest } = (await readProviderClient(vault, "github"))!;
  const { client_secret: _, ...expected } = CLIENT;
  assert.deepEqual(rest, expected);
  assert.equal(client_secret?.reveal(), "client secret");

  await saveProviderClient(vault, "github", { ...CLIENT, client_secret: null });
  assert.equal((await readProviderClient(vault, "github"))?.client_secret, null);
  await removeProviderClient(vault, "github");
  await removeProviderClient(vault, "github");
  assert.equal(await readProviderClient(vault, "github"), null);
});

Deno.test("a connection's state comes back; without one it was never refreshed", async () => {
  const vault = new MemoryVault();
  const ref = { provider: "github", connection: "work" };
  assert.deepEqual(await readConnectionState(vault, VAULT_ID, ref), NEVER_REFRESHED);

  const state = {
    last_refresh_at: NOW,
    last_refresh_error: "invalid_grant",
    last_failure_at: null,
  };
  await vault.write([stateChange(VAULT_ID, ref, state)]);

  assert.deepEqual(await readConnectionState(vault, VAULT_ID, ref), state);
});
