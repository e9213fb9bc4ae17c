/**
 * The authority of a CONNECT request or an `http:` URL, read once and strictly. The same string is
 * matched against the routes, dialled, and verified in the server's certificate: a second parser
 * that sees another host is how credentials leak.
 *
 * @module
 */
import { canonicalHost, isIpLiteral } from "../core/host_pattern.ts";
import { malformed } from "./fail_closed.ts";

/** Where a client wants to go. */
export interface ConnectTarget {
  /** Canonical host name, or an IP address (IPv6 without brackets). */
  readonly host: string;
  readonly port: number;
  /** IP addresses never get a credential: no certificate of ours covers one. */
  readonly isIp: boolean;
  /** `host:port`, with brackets around IPv6. */
  readonly authority: string;
}

const AUTHORITY = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/;

/**
 * Reads `host:port`; `defaultPort` is taken where the port may be left out.
 *
 * @throws {Refusal} 400 for anything else: user information, a path, a NUL byte, percent signs,
 * Unicode, a trailing dot, an IP address in an odd notation (`127.1`, `0x7f000001`), port 0.
 */
export function parseConnectTarget(text: string, defaultPort?: number): ConnectTarget {
  const parts = AUTHORITY.exec(text);
  const port = parts?.[2] === undefined ? defaultPort : Number(parts[2]);
  if (parts === null || port === undefined || port < 1 || port > 65535) throw notAnAuthority();
  const name = parts[1]!.toLowerCase();
  if (!isIpLiteral(name)) {
    const host = canonicalHost(name);
    if (host === null) throw notAnAuthority();
    return { host, port, isIp: false, authority: `${host}:${port}` };
  }
  const host = canonicalAddress(name);
  if (host === null) throw notAnAuthority();
  const shown = host.includes(":") ? `[${host}]` : host;
  return { host, port, isIp: true, authority: `${shown}:${port}` };
}

function notAnAuthority(): Error {
  return malformed("request", "the target is not HOST:PORT", "BadTargetError");
}

/** The address in the one spelling the URL standard gives it; null when it is none. */
function canonicalAddress(text: string): string | null {
  if (!text.includes(":")) {
    const parts = text.split(".");
    return parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
      ? text
      : null;
  }
  if (!text.startsWith("[")) return null;
  const url = `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : null;
}

/** Whether a `Host` header names this target; the port may be left out when it is the scheme's own. */
export function isSameAuthority(
  hostHeader: string,
  target: ConnectTarget,
  schemePort: 80 | 443,
): boolean {
  const asked = hostHeader.toLowerCase();
  if (asked === target.authority) return true;
  return target.port === schemePort && asked === portless(target.authority);
}

function portless(authority: string): string {
  return authority.slice(0, authority.lastIndexOf(":"));
}
