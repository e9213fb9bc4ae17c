/**
 * What a run's proxy asks for besides credentials: the routing table, and to be told of changes.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { ConfirmAnswer } from "../../core/api.ts";
import type { Broker } from "../broker/broker.ts";
import { proxyRoutes } from "../broker/proxy_routes.ts";
import { reportUsage } from "../broker/report_usage.ts";
import { watchChanges } from "../broker/watch_changes.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs, readQueryAs } from "../middleware/read_request.ts";
import { eventStream } from "./event_stream.ts";

/** The table, the stream and what confirms it, and what the run did. */
export function proxyRoutesRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/proxy/routes", async (c) => {
      const { scope } = await readQueryAs(c, (schemas) => schemas.routesQuery);
      return c.json(await proxyRoutes(broker, c.get("caller"), scope));
    })
    .post("/proxy/usage", async (c) => {
      const report = await readBodyAs(c, (schemas) => schemas.usageReport);
      return c.json(await reportUsage(broker, c.get("caller"), report));
    })
    .get("/proxy/events", async (c) => {
      const { confirm } = await readQueryAs(c, (schemas) => schemas.eventsQuery);
      const caller = c.get("caller");
      const watch = { confirms: confirm === "true" };
      return eventStream((send, signal) => watchChanges(broker, caller, send, signal, watch), {
        stopping: broker.stopping,
        request: c.req.raw.signal,
      });
    })
    .post("/proxy/events/confirm", async (c) => {
      const { revision } = await readBodyAs(c, (schemas) => schemas.confirmRequest);
      broker.confirmations.confirm(c.get("caller"), revision);
      return c.json<ConfirmAnswer>({ status: "ok" });
    });
}
