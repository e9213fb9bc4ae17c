/**
 * Makes an identity known. Whoever does it has shown the registration token, a file that only the
 * owner of this home can read, and the key itself.
 *
 * @module
 */
import type { IdentityList, RegisteredIdentity, RegisterIdentityRequest } from "../../core/api.ts";
import { equalsSecret } from "../../core/equals_secret.ts";
import { InvalidProofError, OperationNotAllowedError } from "../../core/errors.ts";
import type { Proof } from "../../core/proof.ts";
import {
  listIdentities,
  type RegisteredIdentityRecord,
  registerIdentity as keepIdentity,
} from "../records/identities.ts";
import type { Broker } from "./broker.ts";

/**
 * Checks that the caller may register identities here.
 *
 * @throws {OperationNotAllowedError} when the token is not this home's.
 */
export function checkRegistrationToken(broker: Broker, token: string): void {
  if (equalsSecret(token.trim(), broker.registrationToken.reveal())) return;
  throw new OperationNotAllowedError("Cannot register: the registration token is not this home's", {
    operation: "register",
    hint: "Only the owner of this home can read server/registration.token",
  });
}

/**
 * Registers the identity that signed the request.
 *
 * @throws {InvalidProofError} when another key signed. @throws {IdentityRegistrationError}
 */
export async function registerIdentity(
  broker: Broker,
  proof: Proof,
  { handle, did }: Pick<RegisterIdentityRequest, "handle" | "did">,
): Promise<RegisteredIdentity> {
  if (proof.did !== did || proof.subject !== handle) {
    throw new InvalidProofError("Cannot register: the proof is not signed by the key and handle");
  }
  broker.audit({
    event: "identity_registered",
    status: "success",
    identity: handle,
    details: { did },
  });
  const identity = await keepIdentity(broker.vault, { handle, did }, broker.now());
  broker.changes.publish({ type: "identity", handle });
  return showRegistered(identity);
}

/** What is answered to whoever registered an identity, or let it in. */
export function showRegistered(
  { handle, did, principal_id, vault_id }: RegisteredIdentityRecord,
): RegisteredIdentity {
  return {
    status: "registered",
    identity: handle,
    did,
    registration_status: "claimed",
    principal_id,
    vault_id,
  };
}

/** Every registered identity. */
export async function showIdentities(broker: Broker): Promise<IdentityList> {
  const identities = await listIdentities(broker.vault);
  return {
    identities: identities.map(({ handle, did, created_at, runner }) => ({
      handle,
      did,
      status: "claimed",
      created_at: created_at.toISOString(),
      access: runner === undefined ? "owner" : "run",
      only: runner?.only ?? null,
    })),
  };
}
