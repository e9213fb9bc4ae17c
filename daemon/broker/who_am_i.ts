/**
 * The context a caller works in.
 *
 * @module
 */
import type { WhoAmI } from "../../core/api.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** Home, identity, vault and how it is sealed. */
export function whoAmI(broker: Broker, owner: OwnerCaller): WhoAmI {
  return {
    home: broker.home,
    version: broker.version,
    encryption: broker.encryption,
    profile: owner.identity,
    identity: owner.identity,
    did: owner.did,
    registration_status: "claimed",
    principal_id: owner.principal_id,
    vault_id: owner.vault_id,
    daemon_url: broker.baseUrl(),
  };
}
