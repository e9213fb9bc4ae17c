/**
 * Asking a daemon of another machine to be let in: a claim, the owner's word, and waiting for it.
 *
 * @module
 */
import { IdentityNotFoundError, OperationNotAllowedError } from "../core/errors.ts";
import type { IdentityClaim } from "../core/identity_claim.ts";
import type { Signer } from "../core/proof.ts";
import type { DaemonClient } from "./daemon_client.ts";

/** Tells the person what the owner has to type; disposed of when there is an answer. */
export type TellClaim = (claim: IdentityClaim) => Disposable | Promise<Disposable>;

const POLL_MS = 1_000;

/**
 * Makes a claim and waits until it is accepted.
 *
 * @throws {OperationNotAllowedError} when the owner refuses, or too many are asking.
 * @throws {IdentityNotFoundError} when nobody answers in time.
 */
export async function claimIdentity(
  client: DaemonClient,
  { subject, did }: Signer,
  tell: TellClaim,
  pollMs: number = POLL_MS,
): Promise<void> {
  let claim = await client.createClaim({ handle: subject, did });
  using _told = await tell(claim);
  while (claim.status === "pending") {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    claim = await client.getClaim(claim.code);
  }
  if (claim.status === "accepted") return;
  if (claim.status === "refused") {
    throw new OperationNotAllowedError(
      `Cannot use the daemon at ${client.baseUrl}: its owner refused this profile`,
      { operation: "claim", hint: "Ask the owner, then run it again" },
    );
  }
  throw new IdentityNotFoundError(
    `Cannot use the daemon at ${client.baseUrl}: nobody accepted the claim in time`,
    { hint: "Run it again for a new code" },
  );
}
