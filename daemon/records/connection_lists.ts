/**
 * What is read across all providers: their default connections, and everything there is.
 *
 * @module
 */
import type { ProviderConnections } from "../../core/connection.ts";
import type { Vault } from "../vault/vault.ts";
import {
  type ProviderDefault,
  readDefaultConnection,
  readProviderConnections,
} from "./connection_index.ts";
import { connectedProviders } from "./provider_directory.ts";

/** Every provider's default connection: one read each, however many connections there are. */
export async function listDefaultConnections(
  vault: Vault,
  vaultId: string,
): Promise<readonly ProviderDefault[]> {
  const providers = await connectedProviders(vault, vaultId);
  const all = await Promise.all(
    providers.map((provider) => readDefaultConnection(vault, vaultId, provider)),
  );
  return all.filter((entry) => entry !== null);
}

/** Every provider's connections, without opening one. */
export async function listProviderConnections(
  vault: Vault,
  vaultId: string,
): Promise<readonly ProviderConnections[]> {
  const providers = await connectedProviders(vault, vaultId);
  const all = await Promise.all(
    providers.map((provider) => readProviderConnections(vault, vaultId, provider)),
  );
  return all.filter((entry) => entry !== null);
}
