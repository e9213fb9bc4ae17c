/**
 * Makes a connection its provider's default.
 *
 * @module
 */
import type { ConnectionChange } from "../../core/api.ts";
import type { ConnectionRef } from "../../core/connection.ts";
import { readConnection, setDefault as keepDefault } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { connectionNotFound } from "./list_connections.ts";

/** @throws {ConnectionNotFoundError} when there is none. */
export async function setDefault(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
): Promise<ConnectionChange> {
  const { vault_id, identity } = owner;
  if (await readConnection(broker.vault, vault_id, ref) === null) {
    throw await connectionNotFound(broker, owner, ref);
  }
  broker.audit({ event: "set_default", status: "success", identity, ...ref });
  await keepDefault(broker.vault, vault_id, ref, broker.now());
  broker.changes.publish({ type: "connections", vault_id, provider: ref.provider });
  return { status: "ok", provider: ref.provider, default_connection: ref.connection };
}
