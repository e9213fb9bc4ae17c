/**
 * The vault's keys: change them.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { rotateKeys } from "../broker/rotate_keys.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs } from "../middleware/read_request.ts";

/** Rotate. */
export function keyRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post("/keys/rotate", async (c) => {
    const request = await readBodyAs(c, (schemas) => schemas.rotateKeysRequest);
    return c.json(await rotateKeys(broker, asOwner(c.get("caller")), request));
  });
}
