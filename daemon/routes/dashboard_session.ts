/**
 * `POST /ui/session`: the way into the dashboard, for whoever can sign as an owner.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { DashboardLink } from "../../core/api.ts";
import { asOwner } from "../broker/caller.ts";
import type { Broker } from "../broker/broker.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import type { DashboardSessions } from "../middleware/dashboard_sessions.ts";

/** The route; `sessions` are those that the dashboard's pages ask for. */
export function dashboardSessionRoute(broker: Broker, sessions: DashboardSessions): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post("/ui/session", async (c) => {
    const { token, expires_at } = await sessions.createLink(asOwner(c.get("caller")));
    return c.json<DashboardLink>({
      url: `${broker.baseUrl()}/ui/enter?token=${token}`,
      expires_at: expires_at.toISOString(),
    });
  });
}
