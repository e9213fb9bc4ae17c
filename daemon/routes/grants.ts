/**
 * Grants of runs; a run reaches its own as `self`.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { createGrant, endGrant, getGrant, renewGrant } from "../broker/grant_run.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs } from "../middleware/read_request.ts";

/** Create, look at, renew, end. */
export function grantRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/grants", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.createGrantRequest);
      return c.json(await createGrant(broker, asOwner(c.get("caller")), request));
    })
    .get("/grants/:id", async (c) => {
      return c.json(await getGrant(broker, c.get("caller"), c.req.param("id")));
    })
    .post("/grants/:id/renew", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.renewGrantRequest);
      const owner = asOwner(c.get("caller"));
      return c.json(await renewGrant(broker, owner, c.req.param("id"), request.expires_in));
    })
    .delete("/grants/:id", async (c) => {
      return c.json(await endGrant(broker, c.get("caller"), c.req.param("id")));
    });
}
