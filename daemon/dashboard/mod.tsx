/**
 * The dashboard's pages, one line each. Loaded with the first request for one: a daemon that nobody
 * looks at does not pay for them.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import { AuthsomeError, HTTP_STATUS } from "../../core/errors.ts";
import type { Broker } from "../broker/broker.ts";
import type { IdentityClaims } from "../broker/identity_claims.ts";
import { DEFAULT_BODY_LIMIT, readBody } from "../middleware/body_limit.ts";
import {
  type DashboardEnv,
  requireSession,
  sessionCookie,
} from "../middleware/dashboard_session.ts";
import type { DashboardSessions } from "../middleware/dashboard_sessions.ts";
import { passGateIn } from "../middleware/pass_gate.ts";
import { auditRoutes } from "./audit_routes.tsx";
import { connectionRoutes } from "./connection_routes.tsx";
import { connectionsRoute } from "./connections_route.tsx";
import style from "./dashboard.css" with { type: "text" };
import { ProblemPage, StrangerPage } from "./entry_page.tsx";
import { entryRoutes, leaveRoute } from "./entry_routes.tsx";
import { DASHBOARD_STYLE_PATH } from "./head.tsx";
import { machineRoutes } from "./machine_routes.tsx";
import { overviewRoutes } from "./overview_routes.tsx";
import { showPage } from "./page_response.ts";
import { providerRoutes } from "./provider_routes.tsx";
import { registerRoutes } from "./register_routes.tsx";
import { settingsRoute } from "./settings_route.tsx";

const FORM_TYPE = "application/x-www-form-urlencoded";

/** Every route below `/ui`. */
export function dashboardRoutes(
  broker: Broker,
  sessions: DashboardSessions,
  claims: IdentityClaims,
): Hono<DashboardEnv> {
  const cookie = () => sessionCookie(broker.baseUrl());
  const routes = new Hono<DashboardEnv>();
  routes.onError((error, c) => problem(error, c, broker));
  routes.use("*", passGateIn(broker.gate));
  routes.get(DASHBOARD_STYLE_PATH, (c) => {
    c.header("content-type", "text/css; charset=utf-8");
    c.header("cache-control", "max-age=3600");
    return c.body(style);
  });
  routes.route("/", entryRoutes(sessions, cookie));
  routes.use("*", readBody(FORM_TYPE, DEFAULT_BODY_LIMIT));
  routes.use("*", requireSession(sessions, cookie, stranger));
  routes.route("/", leaveRoute(sessions, cookie));
  routes.route("/", overviewRoutes(broker, claims));
  routes.route("/", connectionsRoute(broker));
  routes.route("/", providerRoutes(broker));
  routes.route("/", connectionRoutes(broker));
  routes.route("/", registerRoutes(broker));
  routes.route("/", auditRoutes(broker));
  routes.route("/", settingsRoute(broker));
  routes.route("/", machineRoutes(broker, claims));
  routes.notFound((c) =>
    showPage(c, <ProblemPage message="There is no such page" hint={null} back="/ui/" />, 404)
  );
  return routes;
}

/** Whoever has no session is told how to get one, and nothing else. */
function stranger(c: Context): Promise<Response> {
  const page = (
    <StrangerPage title="No session" text="This browser has no open session with the dashboard." />
  );
  return showPage(c, page, 401);
}

function problem(error: unknown, c: Context, broker: Broker): Promise<Response> {
  const known = error instanceof AuthsomeError ? error : null;
  const status = known === null ? 500 : HTTP_STATUS[known.code];
  if (status >= 500) broker.warn(`Cannot answer ${c.req.method} ${c.req.routePath}`, error);
  const page = (
    <ProblemPage
      message={known?.message ?? "Cannot answer: something unexpected happened"}
      hint={known?.hint ?? null}
      back="/ui/"
    />
  );
  return showPage(c, page, status);
}
