/**
 * The runs that go on: whose grants are in force.
 *
 * @module
 */
import { type Grant, isInForce } from "../../core/grant.ts";
import { listGrants } from "../records/grants.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** The owner's grants in force, the latest first. */
export async function listRuns(broker: Broker, owner: OwnerCaller): Promise<readonly Grant[]> {
  const now = broker.now();
  return (await listGrants(broker.vault))
    .filter((grant) => grant.principal_id === owner.principal_id && isInForce(grant, now))
    .sort((a, b) => b.created_at.getTime() - a.created_at.getTime());
}
