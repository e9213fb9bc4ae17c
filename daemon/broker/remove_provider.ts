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
 * must not follow another's. A file that cannot be used was no definition of anything: it goes, and no
 * connection with it. A bundled definition that nothing hides is in its shipped form: it stays, and so
 * do its connections.
 *
 * @throws {ProviderNotFoundError}
 */
export async function removeProvider(
  broker: Broker,
  owner: OwnerCaller,
  name: string,
): Promise<ProviderChange> {
  const { catalogue } = broker;
  if (catalogue.broken.some(({ file }) => file === `${name}.json`)) {
    return await removeBrokenFile(broker, owner, name);
  }
  const isBundled = catalogue.isBundled(catalogue.get(name).name);
  if (isBundled && catalogue.sourceOf(name) === "bundled") {
    return { status: "ok", provider: name, action: "unchanged", connections: 0, warnings: [] };
  }
  const action = isBundled ? "reset" : "removed";
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
    connections: revoked.connections,
    warnings: failed.map(({ connection, token, outcome }) =>
      `${name}/${connection}: the provider did not revoke the ${token} (${outcome})`
    ),
  };
}

async function removeBrokenFile(
  { catalogue, audit, changes }: Broker,
  { identity }: OwnerCaller,
  name: string,
): Promise<ProviderChange> {
  audit({ event: "remove", status: "success", provider: name, identity });
  await catalogue.remove(name);
  changes.publish({ type: "providers" });
  const action = catalogue.isBundled(name) ? "reset" : "removed";
  return { status: "ok", provider: name, action, connections: 0, warnings: [] };
}
