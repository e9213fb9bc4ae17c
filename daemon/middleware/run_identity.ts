/**
 * What a run identity may ask for. A list of what is allowed, so that a route added later is closed
 * to runs until somebody writes it down here.
 *
 * @module
 */
import { GrantDeniedError } from "../../core/errors.ts";
import type { Caller } from "../broker/caller.ts";

const ALLOWED: ReadonlySet<string> = new Set([
  "GET /proxy/routes",
  "GET /proxy/events",
  "POST /proxy/events/confirm",
  "POST /proxy/usage",
  "POST /credentials/resolve",
  "GET /grants/self",
  "DELETE /grants/self",
]);

/** What an identity of another machine may ask for besides: what `authsome run` and a look need. */
const ALLOWED_TO_RUNNERS: readonly RegExp[] = [
  /^GET \/(whoami|ready|connections|providers|provider-names|proxy\/routes|proxy\/events)$/,
  /^POST \/grants$/,
  /^POST \/grants\/grant_[0-9a-f]{24}\/renew$/,
  /^(GET|DELETE) \/grants\/grant_[0-9a-f]{24}$/,
];

/** What a refused run asked for, without what a path may hold. */
export function askedRoute(method: string, path: string): string {
  const part = /^\/[a-z]{1,20}(?=\/|$)/.exec(path)?.[0] ?? "/…";
  return `${/^[A-Z]{1,10}$/.test(method) ? method : "OTHER"} ${part}`;
}

/**
 * `path` is the routed one, without `/api`.
 *
 * @throws {GrantDeniedError} when the caller is a run, or an identity that was let in to run programs,
 * and the route is not one of its few.
 */
export function admitRunIdentity(caller: Caller, method: string, path: string): void {
  if (caller.type === "owner") {
    if (caller.runner === undefined) return;
    if (ALLOWED_TO_RUNNERS.some((allowed) => allowed.test(`${method} ${path}`))) return;
    throw new GrantDeniedError(
      "Cannot do this as a profile of another machine: it was let in to run programs",
      { hint: "Do it on the daemon's machine" },
    );
  }
  if (ALLOWED.has(`${method} ${path}`)) return;
  throw new GrantDeniedError(
    "Cannot do this with a run identity: it may use its credentials and nothing else",
    { hint: "Run it outside of authsome run" },
  );
}
