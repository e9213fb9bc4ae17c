/**
 * What the daemon and its egress relay say to each other, both on 127.0.0.1.
 *
 * A connection begins with one of two heads, each with `Proxy-Authorization: Bearer <secret>`:
 *
 * - `CONNECT host:port HTTP/1.1` (RFC 9110 section 9.3.6): a tunnel. After `200` the bytes are the
 *   daemon's and the provider's; TLS is end to end.
 * - `CONTROL authsome HTTP/1.1`: one at a time, for as long as the daemon lives. After `200` the
 *   daemon writes one {@linkcode AllowMessage} per line and the relay answers each with one
 *   {@linkcode AllowAnswer}. When it closes, the relay ends.
 *
 * A refusal carries {@linkcode REASON_HEADER}.
 *
 * @module
 */

/** A host that tunnels may lead to. */
export interface AllowedHost {
  /** Canonical host, IP address without brackets, or `*.` and a suffix. */
  readonly host: string;
  /** Anything but 443 needs `private`. */
  readonly port: number;
  /** The owner said that this host may be loopback or private. */
  readonly private: boolean;
}

/** Daemon to relay: the whole list, replacing the last one. */
export interface AllowMessage {
  readonly allow: readonly AllowedHost[];
}

/** Relay to daemon: the list is in force. Counts since the start; never a host, never a byte. */
export interface AllowAnswer {
  readonly allowed: number;
  readonly counts: RelayCounts;
}

/** What the relay counts. */
export interface RelayCounts {
  readonly tunnels_opened: number;
  readonly tunnels_open: number;
  readonly refused: number;
  readonly bytes_up: number;
  readonly bytes_down: number;
}

/** Why the relay refused. */
export type RelayRefusal =
  | "bad_request"
  | "wrong_secret"
  | "host_not_allowed"
  | "port_not_allowed"
  | "address_not_allowed"
  | "name_not_resolved"
  | "unreachable"
  | "proxy_refused"
  | "too_many_tunnels"
  | "already_controlled";

/** Response header with a {@linkcode RelayRefusal}. */
export const REASON_HEADER = "x-relay-reason";

/** Status line of each refusal. */
export const REFUSAL_STATUS: Readonly<Record<RelayRefusal, string>> = {
  bad_request: "400 Bad Request",
  wrong_secret: "407 Proxy Authentication Required",
  host_not_allowed: "403 Forbidden",
  port_not_allowed: "403 Forbidden",
  address_not_allowed: "403 Forbidden",
  name_not_resolved: "502 Bad Gateway",
  unreachable: "502 Bad Gateway",
  proxy_refused: "502 Bad Gateway",
  too_many_tunnels: "503 Service Unavailable",
  already_controlled: "409 Conflict",
};
