/**
 * A page as an answer: with the policy that keeps it from running or loading anything else.
 *
 * @module
 */
import type { Context } from "@hono/hono";
import { raw } from "@hono/hono/html";
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

/** Where in a page comes what is not known yet. No text of anybody's can hold it: text is escaped. */
export const LATER: Child = raw("<!--later-->");

/**
 * Answers with a page that holds {@linkcode LATER} once: what stands before it is sent at once, the
 * rest with what `later` gives, which must not fail.
 */
export async function showPageInParts(
  c: Context,
  page: Child,
  later: () => Promise<Child>,
): Promise<Response> {
  const [before, after] = `<!doctype html>${await page}`.split(String(LATER)) as [string, string];
  c.header("content-security-policy", PAGE_POLICY);
  c.header("content-type", "text/html; charset=utf-8");
  const parts = (async function* () {
    yield before;
    // What is to come may keep this thread busy: the first part is on its way before.
    await new Promise((resolve) => setTimeout(resolve, 0));
    yield `${await later()}${after}`;
  })();
  return c.body(ReadableStream.from(parts).pipeThrough(new TextEncoderStream()));
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
