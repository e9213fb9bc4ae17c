/**
 * Takes every request through the gate (`broker/request_gate.ts`), except those that must not wait:
 * the one that closes it, and the question whether the daemon lives.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import type { RequestGate } from "../broker/request_gate.ts";
import type { ApiEnv } from "./api_env.ts";

const OUTSIDE: ReadonlySet<string> = new Set(["/health", "/backup/restore"]);

/** Inside until there is an answer; a stream's body is sent outside. */
export function passGate(gate: RequestGate): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (OUTSIDE.has(c.req.path)) return await next();
    // Again, because the gate may have been closed anew before this one was let in.
    for (let opening = gate.opening; opening !== null; opening = gate.opening) await opening;
    gate.enter();
    try {
      await next();
    } finally {
      gate.leave();
    }
  });
}
