/**
 * Provider definitions: list, one, register, remove or reset.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { listProviderNames, listProviders, showProvider } from "../broker/describe_providers.ts";
import { readRegistration, registerProvider } from "../broker/register_provider.ts";
import { removeProvider } from "../broker/remove_provider.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { parseJson } from "../middleware/body_limit.ts";

/** What an owner does with definitions. */
export function providerRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/providers", (c) => c.json(listProviders(broker)))
    .get("/provider-names", (c) => c.json(listProviderNames(broker)))
    .get("/providers/:provider", (c) => c.json(showProvider(broker, c.req.param("provider"))))
    .post("/providers", async (c) => {
      const request = await readRegistration(parseJson(c.get("body")));
      return c.json(await registerProvider(broker, asOwner(c.get("caller")), request));
    })
    .delete("/providers/:provider", async (c) => {
      const owner = asOwner(c.get("caller"));
      return c.json(await removeProvider(broker, owner, c.req.param("provider")));
    });
}
