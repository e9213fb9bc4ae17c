/**
 * Who a request claims to be talking to, and which page sent it: checked before anything is routed.
 *
 * A page in the person's browser can reach this port. It cannot set `Host` to ours after DNS
 * rebinding (its own name stays in there), it cannot hide its `Origin` on anything but a plain GET,
 * and it is told nothing by CORS, which this daemon does not speak.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import { ForbiddenOriginError, NotFoundError } from "../../core/errors.ts";

/** Authorities (`host:port`) and origins that are the daemon's own. */
export interface OwnAddresses {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** The addresses of a daemon on loopback `port`, reachable from outside as `baseUrl`, if at all. */
export function ownAddresses(port: number, baseUrl: string | null): OwnAddresses {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const origins = hosts.map((host) => `http://${host}`);
  if (baseUrl !== null) {
    const { host, origin } = new URL(baseUrl);
    hosts.push(host);
    origins.push(origin);
  }
  return { hosts: new Set(hosts), origins: new Set(origins) };
}

/** Refuses requests for another host, from another origin, and with a path that says two things. */
export function originGuard(own: () => OwnAddresses): MiddlewareHandler {
  return createMiddleware((c, next) => {
    const { hosts, origins } = own();
    const { url, headers } = c.req.raw;
    const { authority, path } = splitTarget(url);
    const host = headers.get("host")?.toLowerCase() ?? authority;
    if (!hosts.has(host) || !hosts.has(authority)) {
      throw new ForbiddenOriginError("Cannot answer: the Host header names somebody else", {
        hint: "Forward the daemon's port under its own number, and ask for it at 127.0.0.1",
      });
    }
    const origin = headers.get("origin");
    if (origin !== null && !origins.has(origin)) {
      throw new ForbiddenOriginError("Cannot answer: the request comes from another origin");
    }
    if (isCrossSite(headers) && !isNavigation(c.req.method, headers)) {
      throw new ForbiddenOriginError("Cannot answer: the request comes from another site");
    }
    if (!isPlainPath(path)) {
      throw new NotFoundError("Cannot answer: there is nothing at this address");
    }
    return next();
  });
}

/** Authority, path (without query) and target (path and query) of a URL, as they were sent. */
export function splitTarget(url: string): { authority: string; path: string; target: string } {
  const start = url.indexOf("//") + 2;
  const slash = url.indexOf("/", start);
  if (slash < 0) return { authority: url.slice(start).toLowerCase(), path: "/", target: "/" };
  const target = url.slice(slash);
  const query = target.indexOf("?");
  return {
    authority: url.slice(start, slash).toLowerCase(),
    path: query < 0 ? target : target.slice(0, query),
    target,
  };
}

/** Browsers that send fetch metadata say so themselves; others are held by `Origin`. */
function isCrossSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  return site === "cross-site" || site === "same-site";
}

/** A person following a link or a redirect, such as the provider's back to the callback. */
function isNavigation(method: string, headers: Headers): boolean {
  return method === "GET" && headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
}

/**
 * No empty or dot segment, no backslash, and nothing percent-encoded that a second parser would
 * read as one of these: every parser then sees the same route.
 */
function isPlainPath(path: string): boolean {
  if (path === "/") return true;
  // deno-lint-ignore no-control-regex
  return /^(?:\/[^/\\\x00-\x20\x7f]+)+\/?$/.test(path) &&
    !/%(?:2f|2e|5c|00)/i.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path);
}
