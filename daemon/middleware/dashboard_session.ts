/**
 * Lets a request to the dashboard pass that carries the cookie of a session, and a form that carries
 * the session's token.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "@hono/hono";
import { deleteCookie, getCookie, setCookie } from "@hono/hono/cookie";
import { createMiddleware } from "@hono/hono/factory";
import type { ApiEnv } from "./api_env.ts";
import {
  checkFormToken,
  type DashboardSession,
  type DashboardSessions,
  SESSION_SECONDS,
} from "./dashboard_sessions.ts";

/** Variables of hono's context behind this control. */
export interface DashboardEnv {
  Variables: Pick<ApiEnv["Variables"], "body" | "waitOutside"> & {
    session: DashboardSession;
    /** What was posted; empty for a GET. */
    form: URLSearchParams;
  };
}

/**
 * The session's cookie. Cookies know no ports: with the port in its name, the daemon of another home
 * on this machine does not overwrite it. What it cannot do is use it: sessions are one daemon's.
 */
export interface SessionCookie {
  readonly name: string;
  readonly secure: boolean;
}

/** The cookie of the daemon at `baseUrl`. */
export function sessionCookie(baseUrl: string): SessionCookie {
  const { protocol, port } = new URL(baseUrl);
  const secure = protocol === "https:";
  return { name: `authsome_ui_${port || (secure ? "443" : "80")}`, secure };
}

/** Gives the browser its session. */
export function giveCookie(c: Context, { name, secure }: SessionCookie, value: string): void {
  setCookie(c, name, value, {
    path: "/ui",
    httpOnly: true,
    sameSite: "Strict",
    secure,
    maxAge: SESSION_SECONDS,
  });
}

/** Takes it back. */
export async function takeCookie(
  c: Context,
  sessions: DashboardSessions,
  { name, secure }: SessionCookie,
): Promise<void> {
  await sessions.leave(getCookie(c, name) ?? "");
  deleteCookie(c, name, { path: "/ui", secure });
}

/**
 * Puts the session under `session` and a posted form under `form`; without a session, answers what
 * `onStranger` says.
 *
 * @throws {ForbiddenOriginError} for a form without the session's token.
 */
export function requireSession(
  sessions: DashboardSessions,
  cookie: () => SessionCookie,
  onStranger: (c: Context) => Response | Promise<Response>,
): MiddlewareHandler<DashboardEnv> {
  return createMiddleware<DashboardEnv>(async (c, next) => {
    const session = await sessions.find(getCookie(c, cookie().name) ?? "");
    if (session === null) return await onStranger(c);
    const form = new URLSearchParams(new TextDecoder().decode(c.get("body")));
    if (c.req.method !== "GET" && c.req.method !== "HEAD") checkFormToken(session, form);
    c.set("session", session);
    c.set("form", form);
    await next();
  });
}
