/**
 * Identities: registering one (signed by the key itself, with the registration token), listing them;
 * claims of identities of other machines, which the owner accepts or refuses.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "@hono/hono";
import { InvalidProofError, NotFoundError } from "../../core/errors.ts";
import type { ClaimList } from "../../core/identity_claim.ts";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { acceptClaim, makeClaim, refuseClaim, takeAccessAway } from "../broker/claim_identity.ts";
import type { IdentityClaims } from "../broker/identity_claims.ts";
import {
  checkRegistrationToken,
  registerIdentity,
  showIdentities,
} from "../broker/register_identity.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs } from "../middleware/read_request.ts";
import { type ProofChecks, readProof } from "../middleware/proof.ts";

/** Registration: the key is not known yet, so the proof is checked here. */
export function registrationRoute(broker: Broker, checks: ProofChecks): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post("/identities/register", async (c) => {
    const proof = readProof(c, checks.now());
    const request = await readBodyAs(c, (schemas) => schemas.registerIdentityRequest);
    checkRegistrationToken(broker, request.registration_token);
    checks.useOnce(proof);
    return c.json(await registerIdentity(broker, proof, request));
  });
}

/** Claims of keys that are not known yet: asking to be let in, and what has become of it. */
export function claimRoutes(
  claims: IdentityClaims,
  checks: ProofChecks,
  body: MiddlewareHandler<ApiEnv>,
): Hono<ApiEnv> {
  // The owner's routes begin alike: the body is read where a route of these is meant.
  return new Hono<ApiEnv>()
    .post("/identities/claims", body, async (c) => {
      // Used once or often: the same key is answered with the same claim.
      const proof = readProof(c, checks.now());
      const request = await readBodyAs(c, (schemas) => schemas.createClaimRequest);
      return c.json(makeClaim(claims, proof, request));
    })
    .get("/identities/claims/:code", body, (c) => {
      const { did } = readProof(c, checks.now());
      const claim = claims.show(c.req.param("code"), did);
      if (claim === null) throw new NotFoundError("Cannot find the claim: no such code waits");
      if (claim.did !== did) throw new InvalidProofError("Cannot show the claim: another key's");
      return c.json(claim);
    });
}

/** The owner's side of claims, and taking back that somebody was let in. */
export function acceptanceRoutes(broker: Broker, claims: IdentityClaims): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/identities/claims", (c) => {
      asOwner(c.get("caller"));
      return c.json<ClaimList>({ claims: claims.waiting() });
    })
    .post("/identities/claims/:code/accept", async (c) => {
      const { only = null } = await readBodyAs(c, (schemas) => schemas.acceptClaimRequest);
      const owner = asOwner(c.get("caller"));
      return c.json(await acceptClaim(broker, claims, owner, c.req.param("code"), only));
    })
    .delete("/identities/claims/:code", (c) => {
      return c.json(refuseClaim(broker, claims, asOwner(c.get("caller")), c.req.param("code")));
    })
    .delete("/identities/:handle", async (c) => {
      const owner = asOwner(c.get("caller"));
      return c.json(await takeAccessAway(broker, owner, c.req.param("handle")));
    });
}

/** The list. */
export function identityRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get("/identities", async (c) => c.json(await showIdentities(broker)));
}
