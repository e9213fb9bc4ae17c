/**
 * `GET /health` (public, with the proof that this is the daemon it claims to be), `GET /ready`,
 * `GET /whoami`.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Health } from "../../core/api.ts";
import { ANSWER_HEADER, answerChallenge, CHALLENGE_HEADER } from "../../core/boot.ts";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { readiness } from "../broker/readiness.ts";
import { whoAmI } from "../broker/who_am_i.ts";
import type { ApiEnv } from "../middleware/api_env.ts";

/** What `/health` tells. */
export interface HealthSource {
  readonly version: string;
  /** Key of the health challenge (`core/boot.ts`). */
  readonly instance: string;
  readonly egress: () => Health["egress"];
}

/** The public route. */
export function healthRoute({ version, instance, egress }: HealthSource): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get("/health", async (c) => {
    const challenge = c.req.header(CHALLENGE_HEADER);
    if (challenge !== undefined && /^[0-9a-f]{32}$/.test(challenge)) {
      c.header(ANSWER_HEADER, await answerChallenge(instance, challenge));
    }
    return c.json<Health>({ status: "ok", version, egress: egress() });
  });
}

/** The routes about the daemon itself that need a proof. */
export function statusRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/ready", async (c) => c.json(await readiness(broker, asOwner(c.get("caller")))))
    .get("/whoami", (c) => c.json(whoAmI(broker, asOwner(c.get("caller")))));
}
