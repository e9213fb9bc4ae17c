/**
 * Where tunnels may lead: exact hosts and suffixes that provider definitions name, as the daemon
 * says them. Pure; the addresses behind a name are judged when it is dialled.
 *
 * @module
 */
import { canonicalHost } from "../../core/host_pattern.ts";
import { parseIpAddress } from "../../core/network_address.ts";
import type { AllowedHost, RelayRefusal } from "../relay_protocol.ts";

/** A `host:port` that was asked for. */
export interface Target {
  /** Canonical host, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Bound on the list, so that a message cannot fill the relay's memory. */
const MAX_ALLOWED = 20_000;

/** `host:port` or `[v6]:port`; null for every other spelling (see `canonicalHost`). */
export function parseTarget(text: string): Target | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:\[\]@/]+):([1-9]\d{0,4})$/.exec(text);
  if (match === null || Number(match[2]) > 65535) return null;
  const bare = match[1]!.replace(/^\[|\]$/g, "");
  const host = parseIpAddress(bare) === null ? canonicalHost(bare) : bare;
  return host === bare ? { host, port: Number(match[2]) } : null;
}

/** One line of the control connection; null when it is not an allow message. */
export function parseAllowMessage(line: string): readonly AllowedHost[] | null {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return null;
  }
  const allow = (data as { allow?: unknown } | null)?.allow;
  if (!Array.isArray(allow) || allow.length > MAX_ALLOWED) return null;
  return allow.every(isAllowedHost) ? allow : null;
}

function isAllowedHost(item: unknown): item is AllowedHost {
  if (typeof item !== "object" || item === null) return false;
  const { host, port, private: isPrivate } = item as Record<string, unknown>;
  if (typeof host !== "string" || typeof isPrivate !== "boolean") return false;
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65535) return false;
  const name = host.startsWith("*.") ? host.slice(2) : host;
  return canonicalHost(name) === name || (name === host && parseIpAddress(name) !== null);
}

/**
 * Whether a tunnel may be opened, and whether its address may be private. `allowPrivate` is the
 * owner's word for every host (`egress.allow_private`).
 */
export function judgeTarget(
  allowed: readonly AllowedHost[],
  target: Target,
  allowPrivate: boolean,
): { readonly private: boolean } | RelayRefusal {
  const sameHost = allowed.filter(({ host }) => coversHost(host, target.host));
  if (sameHost.length === 0) return "host_not_allowed";
  const fitting = sameHost.filter((entry) =>
    target.port === entry.port && (target.port === 443 || entry.private || allowPrivate)
  );
  if (fitting.length === 0) return "port_not_allowed";
  return { private: allowPrivate || fitting.some((entry) => entry.private) };
}

function coversHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  // An address must be named exactly: 10.0.0.1 does not lie below *.0.0.1.
  return host.endsWith(pattern.slice(1)) && parseIpAddress(host) === null;
}
