/**
 * Login sessions as programs use them; the pages are in `callback.ts` and the dashboard.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Session } from "../../core/api.ts";
import {
  createMcpSessionRequest,
  createSessionRequest,
  parseRequest,
  resumeSessionRequest,
} from "../../core/api_schema.ts";
import { beginLogin } from "../broker/begin_login.ts";
import { beginMcpLogin } from "../broker/begin_mcp_login.ts";
import type { Broker } from "../broker/broker.ts";
import { asOwner, type OwnerCaller } from "../broker/caller.ts";
import { cancelLogin, showLogin } from "../broker/cancel_login.ts";
import { resumeLogin } from "../broker/complete_login.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { parseJson } from "../middleware/body_limit.ts";

/** Create, look at, resume, cancel. */
export function authSessionRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/auth/sessions", async (c) => {
      return c.json(await begin(broker, asOwner(c.get("caller")), parseJson(c.get("body"))));
    })
    .get("/auth/sessions/:id", async (c) => {
      return c.json(await showLogin(broker, asOwner(c.get("caller")), c.req.param("id")));
    })
    .post("/auth/sessions/:id/resume", async (c) => {
      const { data } = parseRequest(resumeSessionRequest, parseJson(c.get("body")), "body");
      const owner = asOwner(c.get("caller"));
      return c.json(await resumeLogin(broker, owner, c.req.param("id"), data));
    })
    .delete("/auth/sessions/:id", async (c) => {
      return c.json(await cancelLogin(broker, asOwner(c.get("caller")), c.req.param("id")));
    });
}

async function begin(broker: Broker, owner: OwnerCaller, body: unknown): Promise<Session> {
  return typeof body === "object" && body !== null && "mcp_url" in body
    ? await beginMcpLogin(broker, owner, parseRequest(createMcpSessionRequest, body, "body"))
    : await beginLogin(broker, owner, parseRequest(createSessionRequest, body, "body"));
}
