/**
 * Which addresses a child may reach through the proxy. The proxy runs as the owner and sits on
 * loopback, so it must not become a way to services that trust loopback, least of all the daemon
 * (mitmproxy CVE-2025-23217), or to a cloud's metadata service.
 *
 * The check is made on the address that was really connected to, before a byte is sent: a name that
 * resolves differently the second time (DNS rebinding) changes nothing.
 *
 * @module
 */
import { forbidden } from "./fail_closed.ts";

/** What is known about a connection when its address is judged. */
export interface AddressRules {
  /** Port of the daemon on loopback; null when it is elsewhere. */
  readonly daemonPort: number | null;
  /** The route's definition was registered with `--allow-private`, or `--connect-to` names it. */
  readonly allowPrivate: boolean;
}

/**
 * Lets the address pass or refuses it.
 *
 * @throws {Refusal} 403.
 */
export function checkAddress(address: string, port: number, rules: AddressRules): void {
  const kind = addressKind(address);
  if (kind === "loopback" && port === rules.daemonPort) {
    throw forbidden("Cannot connect: the authsome daemon is not reached through the run proxy");
  }
  if (kind === "public" || rules.allowPrivate) return;
  throw forbidden(
    `Cannot connect to ${address}: ${kind} addresses are not reached through the run proxy`,
    kind === "loopback" ? "Connect directly: NO_PROXY names localhost and 127.0.0.1" : undefined,
  );
}

/** What an IP address means. Private ranges count as public here: a child reaches them by itself. */
export function addressKind(address: string): "loopback" | "link-local" | "public" {
  const text = address.toLowerCase();
  const mapped = mappedIpv4(text);
  if (mapped !== null) return addressKind(mapped);
  if (/^127\.|^0\./.test(text) || text === "::1" || text === "::") return "loopback";
  // 169.254.169.254 and fd00:ec2::254 are metadata services.
  if (/^169\.254\.|^fe[89ab][0-9a-f]:/.test(text) || text === "fd00:ec2::254") return "link-local";
  return "public";
}

/** The IPv4 address inside `::ffff:a.b.c.d` or `::ffff:hhhh:hhhh`. */
function mappedIpv4(text: string): string | null {
  const dotted = /^::(?:ffff:(?:0:)?)?(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
  if (dotted !== null) return dotted[1]!;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (hex === null) return null;
  const high = parseInt(hex[1]!, 16);
  const low = parseInt(hex[2]!, 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
