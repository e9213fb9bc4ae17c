/**
 * A tunnel whose requests are read: what is the same for all of them.
 *
 * @module
 */
import type { ConnectTarget } from "./connect_target.ts";

/** The tunnel a request came through. */
export interface InterceptedTunnel {
  /** What CONNECT named. */
  readonly target: ConnectTarget;
  /** Server name of the ClientHello; null when there was none, or no TLS. */
  readonly serverName: string | null;
  readonly scheme: "https" | "http";
  /** What is spoken inside. */
  readonly protocol: "http/1.1" | "h2";
  /** Connections to its server may be used for any tunnel with the same key. */
  readonly serverKey: string;
}

/** With the key of its server, which would otherwise be put together for each request. */
export function interceptedTunnel(
  tunnel: Omit<InterceptedTunnel, "serverKey">,
): InterceptedTunnel {
  const { scheme, target, protocol } = tunnel;
  return { ...tunnel, serverKey: `${scheme}://${target.authority} ${protocol}` };
}
