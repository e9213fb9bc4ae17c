/**
 * Letting an identity of another machine in, keeping it out, and taking back that it was let in.
 *
 * @module
 */
import type { RegisteredIdentity } from "../../core/api.ts";
import { InvalidProofError, OperationNotAllowedError } from "../../core/errors.ts";
import { type GrantScope, showScope } from "../../core/grant.ts";
import type {
  CreateClaimRequest,
  IdentityClaim,
  RemovedIdentity,
} from "../../core/identity_claim.ts";
import type { Proof } from "../../core/proof.ts";
import { endGrant } from "../records/grants.ts";
import { readIdentity, registerIdentity, removeIdentity } from "../records/identities.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import type { IdentityClaims } from "./identity_claims.ts";
import { listRuns } from "./list_runs.ts";
import { showRegistered } from "./register_identity.ts";

/** The claim of whoever signed. @throws {InvalidProofError} @throws {OperationNotAllowedError} */
export function makeClaim(
  claims: IdentityClaims,
  proof: Proof,
  { handle, did }: CreateClaimRequest,
): IdentityClaim {
  if (proof.did !== did || proof.subject !== handle) {
    throw new InvalidProofError("Cannot claim: the proof is not signed by the key and handle");
  }
  return claims.make({ handle, did });
}

/**
 * Registers the identity that waits under this code. It may run programs with the owner's
 * connections, `only` those where that is said, and nothing else.
 *
 * @throws {InvalidInputError} when no such code waits. @throws {IdentityRegistrationError}
 * @throws {ProviderNotFoundError} for a provider in `only` that there is not.
 * @throws {OperationNotAllowedError} when it is let in already: what it may use would stay as it is.
 */
export async function acceptClaim(
  broker: Broker,
  claims: IdentityClaims,
  owner: OwnerCaller,
  code: string,
  only: readonly GrantScope[] | null,
): Promise<RegisteredIdentity> {
  return await claims.accept(code, (claim) => letIn(broker, owner, claim, only));
}

async function letIn(
  broker: Broker,
  owner: OwnerCaller,
  { handle, did }: IdentityClaim,
  only: readonly GrantScope[] | null,
): Promise<RegisteredIdentity> {
  for (const { provider } of only ?? []) broker.catalogue.get(provider);
  await checkIsNew(broker, handle, did);
  broker.audit({
    event: "identity_registered",
    status: "success",
    identity: handle,
    details: { did, by: owner.identity, may: "run", only: only?.map(showScope) ?? null },
  });
  const identity = await registerIdentity(
    broker.vault,
    { handle, did, runner: { only } },
    broker.now(),
  );
  broker.changes.publish({ type: "identity", handle });
  return showRegistered(identity);
}

async function checkIsNew({ vault }: Broker, handle: string, did: string): Promise<void> {
  if ((await readIdentity(vault, handle))?.did !== did) return;
  throw new OperationNotAllowedError(`Cannot accept ${handle}: it is let in already`, {
    operation: "accept",
    hint:
      `To change what it may use, run: authsome profile remove ${handle}    and let it ask anew`,
  });
}

/** Keeps it out. @throws {InvalidInputError} when no such code waits. */
export function refuseClaim(
  { audit }: Broker,
  claims: IdentityClaims,
  owner: OwnerCaller,
  code: string,
): IdentityClaim {
  const { handle, did } = claims.find(code);
  audit({
    event: "identity_refused",
    status: "denied",
    identity: handle,
    details: { did, by: owner.identity },
  });
  return claims.refuse(code);
}

/**
 * Takes an identity's access away and ends its runs.
 *
 * @throws {OperationNotAllowedError} for one that was not let in by a claim: it can read the home, and
 * would register itself again.
 */
export async function takeAccessAway(
  broker: Broker,
  owner: OwnerCaller,
  handle: string,
): Promise<RemovedIdentity> {
  const identity = await readIdentity(broker.vault, handle);
  if (identity?.runner === undefined) {
    throw new OperationNotAllowedError(
      `Cannot remove ${handle}: ${
        identity === null
          ? "there is no such profile"
          : "it is one of this machine, which could register itself again"
      }`,
      { operation: "remove", hint: "Run: authsome profile accept    lists who was let in" },
    );
  }
  broker.audit({
    event: "identity_removed",
    status: "success",
    identity: handle,
    details: { did: identity.did, by: owner.identity },
  });
  await removeIdentity(broker.vault, identity);
  broker.changes.publish({ type: "identity", handle });
  const runs = (await listRuns(broker, owner)).filter((grant) => grant.identity === handle);
  for (const { id } of runs) {
    await endGrant(broker.vault, id, broker.now());
    broker.changes.publish({ type: "grant", grant_id: id, ended: true });
  }
  return { status: "removed", handle, runs_ended: runs.length };
}
