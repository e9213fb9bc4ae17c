/**
 * Coming in by a one-time link, and leaving.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import {
  type DashboardEnv,
  giveCookie,
  type SessionCookie,
  takeCookie,
} from "../middleware/dashboard_session.ts";
import type { DashboardSessions } from "../middleware/dashboard_sessions.ts";
import { StrangerPage, WelcomePage } from "./entry_page.tsx";
import { showPage } from "./page_response.ts";

/** `GET /ui/enter?token=…`. Where it leads is not in the link: nobody can make it lead elsewhere. */
export function entryRoutes(
  sessions: DashboardSessions,
  cookie: () => SessionCookie,
): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().get("/ui/enter", async (c) => {
    // Whoever looks ahead (a chat that previews links, a browser that prefetches) must not use it up.
    const looksAhead = c.req.raw.method === "HEAD" || c.req.header("sec-purpose") !== undefined;
    const value = looksAhead ? null : await sessions.enter(c.req.query("token") ?? "");
    if (value === null) {
      const text = "The link was used before, or is older than a minute.";
      return await showPage(c, <StrangerPage title="This link is used up" text={text} />, 401);
    }
    giveCookie(c, cookie(), value);
    return await showPage(c, <WelcomePage />);
  });
}

/** `POST /ui/leave`. */
export function leaveRoute(
  sessions: DashboardSessions,
  cookie: () => SessionCookie,
): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().post("/ui/leave", async (c) => {
    await takeCookie(c, sessions, cookie());
    const page = <StrangerPage title="You have left" text="The session is over." />;
    return await showPage(c, page);
  });
}
