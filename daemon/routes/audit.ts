/**
 * The audit log over HTTP: pages of it, and whether it is as it was written.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readQueryAs } from "../middleware/read_request.ts";

/** List and verify. */
export function auditRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/audit/events", async (c) => {
      asOwner(c.get("caller"));
      const query = await readQueryAs(c, (schemas) => schemas.auditQuery);
      return c.json(await broker.auditTrail.page(query));
    })
    .post("/audit/verify", async (c) => {
      asOwner(c.get("caller"));
      return c.json(await broker.auditTrail.verify());
    });
}
