/**
 * Login sessions as programs use them; the pages are in `callback.ts` and the dashboard.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import type { Session } from "../../core/api.ts";
import { beginLogin } from "../broker/begin_login.ts";
import { beginMcpLogin } from "../broker/begin_mcp_login.ts";
import type { Broker } from "../broker/broker.ts";
import { asOwner, type OwnerCaller } from "../broker/caller.ts";
import { cancelLogin, showLogin } from "../broker/cancel_login.ts";
import { resumeLogin } from "../broker/complete_login.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { parseJson } from "../middleware/body_limit.ts";
import { readBodyAs } from "../middleware/read_request.ts";

/** Create, look at, resume, cancel. */
export function authSessionRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/auth/sessions", async (c) => {
      return c.json(await begin(broker, asOwner(c.get("caller")), c));
    })
    .get("/auth/sessions/:id", async (c) => {
      return c.json(await showLogin(broker, asOwner(c.get("caller")), c.req.param("id")));
    })
    .post("/auth/sessions/:id/resume", async (c) => {
      const { data } = await readBodyAs(c, (schemas) => schemas.resumeSessionRequest);
      const owner = asOwner(c.get("caller"));
      return c.json(await resumeLogin(broker, owner, c.req.param("id"), data));
    })
    .delete("/auth/sessions/:id", async (c) => {
      return c.json(await cancelLogin(broker, asOwner(c.get("caller")), c.req.param("id")));
    });
}

async function begin(
  broker: Broker,
  owner: OwnerCaller,
  c: Context<ApiEnv>,
): Promise<Session> {
  const body = parseJson(c.get("body"));
  return typeof body === "object" && body !== null && "mcp_url" in body
    ? await beginMcpLogin(broker, owner, await readBodyAs(c, (s) => s.createMcpSessionRequest))
    : await beginLogin(broker, owner, await readBodyAs(c, (s) => s.createSessionRequest));
}
