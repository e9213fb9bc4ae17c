/**
 * The connections of a list that an identity of another machine was let in for: names and accounts of
 * the others are none of its business.
 *
 * @module
 */
import type { ProviderConnections } from "../../core/connection.ts";
import { grantedConnection, type GrantScope } from "../../core/grant.ts";

/** What of `listed` lies within `only`; at most `limit` connections. */
export function narrowList(
  listed: readonly ProviderConnections[],
  only: readonly GrantScope[],
  limit = Infinity,
): readonly ProviderConnections[] {
  let room = limit;
  return listed.flatMap((entry) => {
    const granted = grantedConnection({ only, connections: {} }, entry.provider);
    if (granted === undefined) return [];
    const name = granted ?? entry.default_connection;
    const usable = entry.connections.filter((one) => one.connection_name === name);
    const connections = usable.slice(0, room);
    room -= connections.length;
    const default_connection = name === entry.default_connection ? name : null;
    return [{ ...entry, default_connection, connection_count: usable.length, connections }];
  });
}
