/**
 * Connections that want something of a person: a new login now, or soon.
 *
 * @module
 */
import type { ConnectionItem, ConnectionList } from "../../core/api.ts";
import type { ConnectionRef } from "../../core/connection.ts";

/** How long before a key's end it is told, in milliseconds. */
export const SOON_MS: number = 7 * 24 * 60 * 60 * 1000;

/** A connection, and why it is told. */
export interface Attention extends ConnectionRef {
  readonly reason: "needs_login" | "expires_soon";
  readonly item: ConnectionItem;
}

/** Those connections, in the order of the list. */
export function findAttention({ connections }: ConnectionList, now: Date): readonly Attention[] {
  return connections.flatMap(({ name, connections: items }) =>
    items.flatMap((item) => {
      const reason = reasonFor(item, now);
      return reason === null
        ? []
        : [{ provider: name, connection: item.connection_name, reason, item }];
    })
  );
}

/** Tokens are refreshed when they end; a key is not. */
function reasonFor(
  { status, auth_type, expires_at }: ConnectionItem,
  now: Date,
): Attention["reason"] | null {
  if (status !== "connected") return "needs_login";
  const ends = auth_type === "api_key" && expires_at !== null ? Date.parse(expires_at) : Infinity;
  return ends - now.getTime() < SOON_MS ? "expires_soon" : null;
}
