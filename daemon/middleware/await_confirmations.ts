/**
 * Holds answers back until every run follows what was changed (`broker/confirmations.ts`). Not only
 * the answer to the request that changed it: a login ends in a browser's request, or in none, and is
 * seen in the answer to another one. While nothing changes nobody waits.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import type { Confirmations } from "../broker/confirmations.ts";
import type { ApiEnv } from "./api_env.ts";

/** What says nothing of connections, and what is waited for. */
const AT_ONCE: ReadonlySet<string> = new Set(["/health", "/proxy/events/confirm"]);

/** A run's own requests never wait. */
export function awaitConfirmations(confirmations: Confirmations): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    const isRuns = (c.get("caller") as ApiEnv["Variables"]["caller"] | undefined)?.type === "run";
    if (isRuns || AT_ONCE.has(c.req.path)) return;
    await confirmations.settled();
  });
}
