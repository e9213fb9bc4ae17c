/**
 * Login sessions as programs use them; the pages are in `callback.ts` and the dashboard.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import { createSessionRequest, parseRequest, resumeSessionRequest } from "../../core/api_schema.ts";
import { beginLogin } from "../broker/begin_login.ts";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { cancelLogin, showLogin } from "../broker/cancel_login.ts";
import { resumeLogin } from "../broker/complete_login.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { parseJson } from "../middleware/body_limit.ts";

/** Create, look at, resume, cancel. */
export function authSessionRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/auth/sessions", async (c) => {
      const request = parseRequest(createSessionRequest, parseJson(c.get("body")), "body");
      return c.json(await beginLogin(broker, asOwner(c.get("caller")), request));
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
