/**
 * How the refreshes of a provider's connections go, for whoever looks at all of them.
 *
 * @module
 */
import type { ConnectionItem, RefreshStatus } from "../../core/api.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { readRefreshStatus } from "./refresh_status.ts";

/** By the connection's name; a key is never refreshed and is not in it. */
export type RefreshStates = ReadonlyMap<string, RefreshStatus>;

/** The states of these connections of one provider. @throws {StoreUnavailableError} */
export async function refreshStates(
  broker: Broker,
  { vault_id }: OwnerCaller,
  provider: string,
  connections: readonly ConnectionItem[],
): Promise<RefreshStates> {
  const refreshed = connections.filter(({ auth_type }) => auth_type === "oauth2");
  return new Map(
    await Promise.all(refreshed.map(async ({ connection_name: connection }) => {
      const status = await readRefreshStatus(broker, vault_id, { provider, connection });
      return [connection, status] as const;
    })),
  );
}
