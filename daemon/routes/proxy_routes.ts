/**
 * What a run's proxy asks for besides credentials: the routing table, and to be told of changes.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { proxyRoutes } from "../broker/proxy_routes.ts";
import { watchChanges } from "../broker/watch_changes.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readQueryAs } from "../middleware/read_request.ts";
import { eventStream } from "./event_stream.ts";

/** The table and the stream. */
export function proxyRoutesRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/proxy/routes", async (c) => {
      const { scope } = await readQueryAs(c, (schemas) => schemas.routesQuery);
      return c.json(await proxyRoutes(broker, c.get("caller"), scope));
    })
    .get("/proxy/events", (c) => {
      const caller = c.get("caller");
      return eventStream((send, signal) => watchChanges(broker, caller, send, signal), {
        stopping: broker.stopping,
        request: c.req.raw.signal,
      });
    });
}
