/**
 * Headers every answer carries: nothing is stored, sniffed, framed or scripted.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";

/** What a JSON answer may load and do: nothing. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/**
 * What a page may load and do: our own style and pictures, and forms that end here. `form-action`
 * covers redirects after a post in Chromium, so providers' https pages must be allowed to follow.
 */
export const PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; " +
  "form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'";

/** Sets the headers after the answer is made; a page that brought its own policy keeps it. */
export function securityHeaders(): MiddlewareHandler {
  return createMiddleware(async (c, next) => {
    await next();
    const headers = c.res.headers;
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", API_POLICY);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-frame-options", "DENY");
    // Not "no-referrer": a browser would then send "Origin: null" with our own forms.
    headers.set("referrer-policy", "same-origin");
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("cross-origin-resource-policy", "same-origin");
  });
}
