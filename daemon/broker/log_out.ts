/**
 * Forgets one connection. The provider is not told; `revoke` does that.
 *
 * @module
 */
import type { ConnectionChange } from "../../core/api.ts";
import type { ConnectionRef } from "../../core/connection.ts";
import { ConnectionNotFoundError } from "../../core/errors.ts";
import { readDefaultConnection } from "../records/connection_index.ts";
import { removeConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** Removes the connection; one that is gone already is no error, so that logging out can be repeated. */
export async function logOut(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
): Promise<ConnectionChange> {
  broker.audit({ event: "logout", status: "success", identity: owner.identity, ...ref });
  const left = await removeOrFindGone(broker, owner, ref);
  // Tokens that the disk has not taken are not written any more.
  broker.refreshes.forget(owner.vault_id, ref);
  broker.changes.publish({
    type: "connections",
    vault_id: owner.vault_id,
    provider: ref.provider,
  });
  return { status: "ok", provider: ref.provider, default_connection: left };
}

async function removeOrFindGone(
  broker: Broker,
  owner: OwnerCaller,
  ref: ConnectionRef,
): Promise<string | null> {
  try {
    return await removeConnection(broker.vault, owner.vault_id, ref, broker.now());
  } catch (error) {
    if (!(error instanceof ConnectionNotFoundError)) throw error;
    const found = await readDefaultConnection(broker.vault, owner.vault_id, ref.provider);
    return found?.default_connection ?? null;
  }
}
