/**
 * A TLS connection to a provider through the relay: `CONNECT` on loopback, then TLS with the
 * provider itself. The relay sees the host's name and sizes.
 *
 * `Deno.startTls` takes a host name that the process may not connect to, and checks the certificate
 * against it: that is what makes this work under `--allow-net=127.0.0.1`, where `fetch` is refused.
 *
 * @module
 */
import { EndpointUnreachableError, type ErrorDetails } from "../../core/errors.ts";
import { readHead } from "../relay/head.ts";
import { REASON_HEADER, type RelayRefusal } from "../relay_protocol.ts";

/** The relay, as the boot line names it. */
export interface RelayAddress {
  readonly port: number;
  readonly secret: string;
}

/** What a tunnel needs besides its target. */
export interface TunnelOptions {
  /** Extra trust anchors, PEM. */
  readonly extraRoots: readonly string[];
  readonly signal: AbortSignal;
  /** Called once the relay was asked: from then on it works, and we wait. */
  readonly onAsked?: () => void;
}

/**
 * Opens a tunnel to `host:port` and finishes the handshake.
 *
 * @throws {EndpointUnreachableError} when the relay refuses or is gone, or the certificate is not the
 * host's. Throws the signal's reason when that aborts.
 */
export async function openTunnel(
  relay: RelayAddress,
  host: string,
  port: number,
  { extraRoots, signal, onAsked }: TunnelOptions,
): Promise<Deno.TlsConn> {
  signal.throwIfAborted();
  const origin = `https://${host}${port === 443 ? "" : `:${port}`}`;
  const conn = await connectToRelay(relay, origin);
  // startTls consumes the plain connection: an abort must close whichever of the two is alive.
  let live: Deno.TcpConn | Deno.TlsConn = conn;
  const abort = () => close(live);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // It may have aborted while the relay was connected to.
    signal.throwIfAborted();
    await askForTunnel(conn, relay, `${host}:${port}`);
    onAsked?.();
    await readConsent(conn, origin);
    const hostname = host.replace(/^\[|\]$/g, "");
    const tls = await Deno.startTls(conn, {
      hostname,
      caCerts: [...extraRoots],
      alpnProtocols: ["http/1.1"],
    });
    live = tls;
    await tls.handshake();
    return tls;
  } catch (cause) {
    close(live);
    signal.throwIfAborted();
    throw cause instanceof EndpointUnreachableError ? cause : handshakeFailed(origin, cause);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function connectToRelay(relay: RelayAddress, origin: string): Promise<Deno.TcpConn> {
  try {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
    conn.setNoDelay(true);
    return conn;
  } catch (cause) {
    throw unreachable(origin, "the egress relay has ended", {
      hint: "Run: authsome daemon restart",
      cause,
    });
  }
}

async function askForTunnel(
  conn: Deno.TcpConn,
  relay: RelayAddress,
  authority: string,
): Promise<void> {
  const request = new TextEncoder().encode(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n` +
      `Proxy-Authorization: Bearer ${relay.secret}\r\n\r\n`,
  );
  for (let n = 0; n < request.length;) n += await conn.write(request.subarray(n));
}

async function readConsent(conn: Deno.TcpConn, origin: string): Promise<void> {
  // TLS servers speak second, so nothing of the handshake can be in `rest`.
  const head = await readHead(conn);
  if (head === null) throw unreachable(origin, "the egress relay closed the connection");
  if (head.start.startsWith("HTTP/1.1 200 ")) return;
  const reason = head.fields.get(REASON_HEADER) as RelayRefusal | undefined;
  const [state, hint] = reason !== undefined && Object.hasOwn(REFUSALS, reason)
    ? REFUSALS[reason]
    : REFUSALS.bad_request;
  throw unreachable(origin, state, { hint });
}

/** What each refusal means to a person, and what helps. */
const REFUSALS: Readonly<Record<RelayRefusal, readonly [string, string | undefined]>> = {
  bad_request: ["the egress relay did not understand the request", undefined],
  wrong_secret: ["the egress relay is not this daemon's", "Run: authsome daemon restart"],
  already_controlled: ["the egress relay is not this daemon's", "Run: authsome daemon restart"],
  host_not_allowed: [
    "no provider definition names this host",
    "Run: authsome inspect PROVIDER    to see its endpoints",
  ],
  port_not_allowed: [
    "its port is not 443",
    "Register the definition with --allow-private if this is a service of your own",
  ],
  address_not_allowed: [
    "its address is private, and credentials are not sent there",
    "Register the definition with --allow-private if this is a service of your own",
  ],
  name_not_resolved: ["its name does not resolve", "Check the network, then try again"],
  unreachable: ["it does not answer", "Check the network, then try again"],
  proxy_refused: ["the proxy in HTTPS_PROXY refused it", "Check HTTPS_PROXY and NO_PROXY"],
  too_many_tunnels: ["too many requests are under way", "Try again"],
};

function handshakeFailed(origin: string, cause: unknown): EndpointUnreachableError {
  const text = cause instanceof Error ? cause.message : "";
  const certificate = /invalid peer certificate: ?([A-Za-z]*)/.exec(text);
  if (certificate === null) return unreachable(origin, "the TLS handshake failed", { cause });
  const hint = certificate[1] === "UnknownIssuer"
    ? "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate authority and run: " +
      "authsome daemon restart"
    : undefined;
  const state = `its certificate is not valid for it (${certificate[1] || "unknown reason"})`;
  return unreachable(origin, state, { hint, cause });
}

/** The one wording of "cannot reach": the origin, never a path or a query. */
export function unreachable(
  origin: string,
  state: string,
  details: ErrorDetails = {},
): EndpointUnreachableError {
  return new EndpointUnreachableError(`Cannot reach ${origin}: ${state}`, details);
}

function close(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
