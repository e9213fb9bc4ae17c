/**
 * Using credentials: resolve (also for run identities), export, compare.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { compareCredential } from "../broker/compare_credential.ts";
import { exportCredentials } from "../broker/export_credentials.ts";
import { resolveCredential } from "../broker/resolve_credential.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs } from "../middleware/read_request.ts";

/** Resolve, export, compare. */
export function credentialRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/credentials/resolve", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.resolveRequest);
      return c.json(await resolveCredential(broker, c.get("caller"), request));
    })
    .post("/credentials/export", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.exportRequest);
      return c.json(await exportCredentials(broker, asOwner(c.get("caller")), request));
    })
    .post("/credentials/compare", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.compareRequest);
      return c.json(await compareCredential(broker, asOwner(c.get("caller")), request));
    });
}
