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

/** What of the list is wanted. */
export interface ListOptions {
  /** Only this provider's. */
  readonly provider?: string | undefined;
  /** At most so many connections; of the providers behind them only the heads are opened. */
  readonly limit?: number | undefined;
}

/** Every provider's connections by name, without opening one. */
export async function listProviderConnections(
  vault: Vault,
  vaultId: string,
  { provider, limit = Infinity }: ListOptions = {},
): Promise<readonly ProviderConnections[]> {
  const providers = provider === undefined ? await connectedProviders(vault, vaultId) : [provider];
  const listed: ProviderConnections[] = [];
  let room = limit;
  for (const name of providers) {
    const entry = room > 0
      ? await readProviderConnections(vault, vaultId, name)
      : await readHeadOnly(vault, vaultId, name);
    if (entry === null) continue;
    const connections = entry.connections.slice(0, room);
    listed.push({ ...entry, connections });
    room -= connections.length;
  }
  return listed;
}

async function readHeadOnly(
  vault: Vault,
  vaultId: string,
  provider: string,
): Promise<ProviderConnections | null> {
  const head = await readDefaultConnection(vault, vaultId, provider);
  return head === null ? null : { ...head, connections: [] };
}
