/**
 * Identities: registering one (signed by the key itself, with the registration token), listing them.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
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

/** The list. */
export function identityRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get("/identities", async (c) => c.json(await showIdentities(broker)));
}
