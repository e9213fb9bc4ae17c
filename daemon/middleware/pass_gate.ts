/**
 * Takes every request through the gate (`broker/request_gate.ts`), except those that must not wait:
 * the one that closes it, and the question whether the daemon lives.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import type { RequestGate } from "../broker/request_gate.ts";
import type { ApiEnv, WaitOutside } from "./api_env.ts";

const OUTSIDE: ReadonlySet<string> = new Set(["/health", "/backup/restore"]);

/** For every route but the dashboard's pages, which pass on their own ({@linkcode passGateIn}). */
export function passGate(gate: RequestGate): MiddlewareHandler<ApiEnv> {
  const pass = passGateIn(gate);
  return createMiddleware<ApiEnv>((c, next) => {
    if (!OUTSIDE.has(c.req.path) && !isPage(c.req.path)) return pass(c, next);
    c.set("waitOutside", (wait) => wait());
    return next();
  });
}

/** hono hands nothing of a request's context on to the app of the pages. */
function isPage(path: string): boolean {
  return /^\/ui(?:\/|$)/.test(path) && path !== "/ui/session";
}

/**
 * Inside until there is an answer; a stream's body is sent outside, and a request's body is read
 * outside: whoever sends one, a byte a minute, would keep a restore out for ever.
 */
export function passGateIn(gate: RequestGate): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.set("waitOutside", waitOutside(gate));
    await goIn(gate);
    try {
      await next();
    } finally {
      gate.leave();
    }
  });
}

function waitOutside(gate: RequestGate): WaitOutside {
  return async (wait) => {
    gate.leave();
    try {
      return await wait();
    } finally {
      await goIn(gate);
    }
  };
}

async function goIn(gate: RequestGate): Promise<void> {
  // Again, because the gate may have been closed anew before this one was let in.
  for (let opening = gate.opening; opening !== null; opening = gate.opening) await opening;
  gate.enter();
}
