/**
 * Connections: list, one, check, logout, revoke, default.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { checkConnection } from "../broker/check_connection.ts";
import { listConnections, showConnection } from "../broker/list_connections.ts";
import { logOut } from "../broker/log_out.ts";
import { revokeProvider } from "../broker/revoke_provider.ts";
import { setDefault } from "../broker/set_default.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readQueryAs } from "../middleware/read_request.ts";
import { readConnectionListQuery } from "./connection_list_query.ts";

/** What an owner does with connections. */
export function connectionsRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/connections", async (c) => {
      const query = readConnectionListQuery(c.req.query());
      return c.json(await listConnections(broker, asOwner(c.get("caller")), query));
    })
    .get("/connections/:provider/:connection", async (c) => {
      const { show_secrets } = await readQueryAs(c, (schemas) => schemas.connectionQuery);
      const owner = asOwner(c.get("caller"));
      return c.json(await showConnection(broker, owner, c.req.param(), show_secrets === "true"));
    })
    .post("/connections/:provider/:connection/check", async (c) => {
      return c.json(await checkConnection(broker, asOwner(c.get("caller")), c.req.param()));
    })
    .post("/connections/:provider/:connection/logout", async (c) => {
      return c.json(await logOut(broker, asOwner(c.get("caller")), c.req.param()));
    })
    .post("/connections/:provider/:connection/default", async (c) => {
      return c.json(await setDefault(broker, asOwner(c.get("caller")), c.req.param()));
    })
    .post("/connections/:provider/revoke", async (c) => {
      const owner = asOwner(c.get("caller"));
      return c.json(await revokeProvider(broker, owner, c.req.param("provider")));
    });
}
