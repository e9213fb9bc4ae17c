/**
 * Removes a custom definition; a bundled one of that name shows again.
 *
 * @module
 */
import type { ProviderChange } from "../../core/api.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { revokeProvider } from "./revoke_provider.ts";

/**
 * Revokes the provider's connections first: a credential that was made for one definition's hosts
 * must not follow another's.
 *
 * @throws {ProviderNotFoundError}
 */
export async function removeProvider(
  broker: Broker,
  owner: OwnerCaller,
  name: string,
): Promise<ProviderChange> {
  const { catalogue } = broker;
  const action = catalogue.isBundled(catalogue.get(name).name) ? "reset" : "removed";
  const revoked = await revokeProvider(broker, owner, name);
  broker.audit({ event: "remove", status: "success", provider: name, identity: owner.identity });
  await catalogue.remove(name);
  broker.changes.publish({ type: "providers" });
  const failed = revoked.outcomes.filter(({ outcome }) =>
    outcome === "refused" || outcome === "unreachable"
  );
  return {
    status: "ok",
    provider: name,
    action,
    warnings: failed.map(({ connection, token, outcome }) =>
      `${name}/${connection}: the provider did not revoke the ${token} (${outcome})`
    ),
  };
}
