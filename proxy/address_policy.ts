/**
 * Which addresses a child may reach through the proxy. The proxy runs as the owner and sits on
 * loopback, so it must not become a way to services that trust loopback, least of all the daemon
 * (mitmproxy CVE-2025-23217), or to a cloud's metadata service.
 *
 * A name is resolved once, each of its addresses is judged, and what passed is what is dialled: a name
 * that resolves differently the second time (DNS rebinding) changes nothing.
 *
 * @module
 */
import { type AddressKind, classifyAddress } from "../core/network_address.ts";
import { forbidden } from "./fail_closed.ts";

/** What is known about a connection when its address is judged. */
export interface AddressRules {
  /** Port of the daemon on loopback; null when it is elsewhere. */
  readonly daemonPort: number | null;
  /** The route's definition was registered with `--allow-private`, or `--connect-to` names it. */
  readonly allowPrivate: boolean;
}

/** This machine: only for whom the owner's word covers it. */
const OURS: ReadonlySet<AddressKind> = new Set(["loopback", "unspecified"]);
/** Private ranges are not among them: a child reaches those by itself. */
const NEVER: ReadonlySet<AddressKind> = new Set(["link_local", "metadata", "multicast"]);

/** Whether who dials it stays on this machine. */
export function isThisMachine(address: string): boolean {
  const kind = classifyAddress(address);
  return kind !== null && OURS.has(kind);
}

/**
 * Those of a name's addresses that may be dialled.
 *
 * @throws {Refusal} 403 when there is none, about the first of them.
 */
export function allowedAddresses(
  addresses: readonly string[],
  port: number,
  rules: AddressRules,
): readonly string[] {
  let first: unknown;
  const allowed = addresses.filter((address) => {
    try {
      checkAddress(address, port, rules);
      return true;
    } catch (refusal) {
      first ??= refusal;
      return false;
    }
  });
  if (allowed.length === 0) throw first ?? forbidden("Cannot connect: the name has no address");
  return allowed;
}

/**
 * Lets the address pass or refuses it.
 *
 * @throws {Refusal} 403.
 */
export function checkAddress(address: string, port: number, rules: AddressRules): void {
  const kind = classifyAddress(address);
  // What cannot be classified (an address with a zone id) is link-local or worse.
  if (kind === null || NEVER.has(kind)) {
    throw forbidden(
      `Cannot connect to ${address}: ${
        shown(kind)
      } addresses are not reached through the run proxy`,
    );
  }
  if (!OURS.has(kind)) return;
  if (port === rules.daemonPort) {
    throw forbidden("Cannot connect: the authsome daemon is not reached through the run proxy");
  }
  if (rules.allowPrivate) return;
  throw forbidden(
    `Cannot connect to ${address}: loopback addresses are not reached through the run proxy`,
    "Connect directly: NO_PROXY names localhost and 127.0.0.1",
  );
}

function shown(kind: AddressKind | null): string {
  return kind === null ? "such" : kind.replace("_", "-");
}
