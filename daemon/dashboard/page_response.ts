/**
 * A page as an answer: with the policy that keeps it from running or loading anything else.
 *
 * @module
 */
import type { Context } from "@hono/hono";
import type { Child } from "@hono/hono/jsx";
import { PAGE_POLICY } from "../middleware/security_headers.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import type { DashboardSession, Notice } from "../middleware/dashboard_sessions.ts";

/** Answers with a page. */
export async function showPage(c: Context, page: Child, status = 200): Promise<Response> {
  c.header("content-security-policy", PAGE_POLICY);
  c.status(status as 200);
  return c.html(`<!doctype html>${await page}`);
}

/** Answers a posted form: whoever reloads the page it leads to posts nothing again. */
export function goTo(c: Context<DashboardEnv>, address: string, notice?: Notice): Response {
  if (notice !== undefined) c.get("session").notice = notice;
  return c.redirect(address, 303);
}

/** What the session was to be told, once. */
export function takeNotice(session: DashboardSession): Notice | null {
  const { notice } = session;
  session.notice = null;
  return notice;
}

/** It went well. */
export function good(text: string, details: readonly string[] = []): Notice {
  return { tone: details.length === 0 ? "good" : "warning", text, details };
}
