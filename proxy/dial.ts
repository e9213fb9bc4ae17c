/**
 * Opens connections to servers: straight, through a corporate proxy, or where `--connect-to` points.
 *
 * `Deno.connect`, `setNoDelay`, then `Deno.startTls`: `Deno.connectTls` leaves Nagle's algorithm on
 * during the handshake and takes 44 ms for it, node:https hangs on reused connections, and fetch
 * changes bodies. A name is resolved here, so that each of its addresses is judged before it is
 * dialled; those that pass are raced (`happy_eyeballs.ts`).
 *
 * @module
 */
import { isIpLiteral } from "../core/host_pattern.ts";
import { type AddressRules, allowedAddresses } from "./address_policy.ts";
import type { ConnectTo } from "./connect_to.ts";
import type { CorporateProxies, CorporateProxy } from "./corporate_proxy.ts";
import { askForTunnel } from "./corporate_tunnel.ts";
import { closeQuietly, type Duplex } from "./duplex.ts";
import { Refusal } from "./fail_closed.ts";
import { connectFirst } from "./happy_eyeballs.ts";
import { asTcp } from "./loopback_pair.ts";

/** Where to connect. */
export interface Endpoint {
  /** Canonical host or IP address. */
  readonly host: string;
  readonly port: number;
  /** Loopback and link-local addresses may be dialled: the route's definition says so. */
  readonly allowPrivate: boolean;
}

/** What a dialler needs to know about this machine and run. */
export interface DialOptions {
  readonly connectTo: readonly ConnectTo[];
  readonly corporate: CorporateProxies;
  /** Extra trust anchors, PEM; asked for at the first TLS connection. */
  readonly extraRoots: () => Promise<readonly string[]>;
  /** Port of the daemon on loopback, which nobody reaches through us; null when it is elsewhere. */
  readonly daemonPort: () => number | null;
  /** For connecting and for the handshake, each. */
  readonly timeoutMs?: number;
  /** All addresses of a name; the system's resolver by default. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** Head start of one address before the next; see `happy_eyeballs.ts`. */
  readonly attemptDelayMs?: number;
}

/** A connection to a server: TCP, or TLS where the way there leads through a TLS proxy. */
export type ServerConnection = Deno.TcpConn | Deno.TlsConn;

const DEFAULT_TIMEOUT_MS = 30_000;

/** Opens connections for one run. */
export class Dialer {
  readonly #options: DialOptions;
  readonly #timeoutMs: number;
  #roots: Promise<readonly string[]> | null = null;

  /** See {@linkcode DialOptions}. */
  constructor(options: DialOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Whether `--connect-to` names this host and port. */
  isMapped(host: string, port: number): boolean {
    return this.#mapping(host, port) !== undefined;
  }

  /** The corporate proxy that an `http:` request to this endpoint goes through. */
  plainProxy(endpoint: Endpoint): CorporateProxy | null {
    if (this.isMapped(endpoint.host, endpoint.port)) return null;
    return this.#options.corporate.forPlain(endpoint.host, endpoint.port);
  }

  /**
   * A TLS connection, the certificate verified for `endpoint.host`.
   *
   * @throws {Refusal} 403 for an address that is off limits; otherwise what the network said.
   */
  async connectTls(endpoint: Endpoint, protocols: readonly string[]): Promise<Deno.TlsConn> {
    const { connection, protocol } = await this.negotiate(endpoint, protocols);
    // Servers without ALPN speak HTTP/1.1 (RFC 9113 section 3.3 has no such silence for HTTP/2).
    if (protocols.includes("h2") && protocol !== "h2") {
      connection.close();
      throw new Refusal(
        502,
        "EndpointUnreachableError",
        `Cannot reach ${endpoint.host}: the server does not speak HTTP/2, for which it was asked`,
      );
    }
    return connection;
  }

  /** The same, with the protocol that the server chose (RFC 7301); null when it chose none. */
  async negotiate(
    endpoint: Endpoint,
    protocols: readonly string[],
  ): Promise<{ readonly connection: Deno.TlsConn; readonly protocol: string | null }> {
    const [roots, way] = await this.#withRoots(this.connect(endpoint));
    const tcp = isTcp(way) ? way : await asTcp(way);
    const connection = await Deno.startTls(tcp, {
      hostname: endpoint.host,
      caCerts: [...roots],
      alpnProtocols: [...protocols],
    });
    const { alpnProtocol } = await this.#inTime(
      connection.handshake(),
      connection,
      `no TLS handshake with ${endpoint.host}`,
    );
    return { connection, protocol: alpnProtocol };
  }

  /** A connection for a tunnel or for TLS. Throws as {@linkcode connectTls} does. */
  async connect(endpoint: Endpoint): Promise<ServerConnection> {
    const proxy = this.#mapping(endpoint.host, endpoint.port) === undefined
      ? this.#options.corporate.forTunnel(endpoint.host, endpoint.port)
      : null;
    if (proxy === null) return await this.#connectDirectly(endpoint);
    const connection = await this.#connectToProxy(proxy);
    const asked = askForTunnel(connection, proxy, endpoint);
    await this.#inTime(asked, connection, "no answer of the HTTPS_PROXY");
    return connection;
  }

  /** A connection for an `http:` request: to the server, or to the corporate proxy. */
  async connectPlain(endpoint: Endpoint): Promise<ServerConnection> {
    const proxy = this.plainProxy(endpoint);
    return proxy === null
      ? await this.#connectDirectly(endpoint)
      : await this.#connectToProxy(proxy);
  }

  async #connectDirectly(endpoint: Endpoint): Promise<Deno.TcpConn> {
    const mapping = this.#mapping(endpoint.host, endpoint.port);
    return await this.#open(
      mapping?.address ?? endpoint.host,
      mapping?.addressPort ?? endpoint.port,
      {
        daemonPort: this.#options.daemonPort(),
        allowPrivate: endpoint.allowPrivate || mapping !== undefined,
      },
    );
  }

  /** The owner's own word: its address is not judged. */
  async #connectToProxy({ host, port, tls }: CorporateProxy): Promise<ServerConnection> {
    const opening = this.#open(host, port, null);
    if (!tls) return await opening;
    const [roots, tcp] = await this.#withRoots(opening);
    const connection = await Deno.startTls(tcp, { hostname: host, caCerts: [...roots] });
    const shaken = connection.handshake();
    await this.#inTime(shaken, connection, "no TLS handshake with the HTTPS_PROXY");
    return connection;
  }

  async #open(
    hostname: string,
    port: number,
    rules: AddressRules | null,
  ): Promise<Deno.TcpConn> {
    const timeout = new AbortController();
    const late = Promise.withResolvers<never>();
    late.promise.catch(() => {});
    const timer = setTimeout(() => {
      timeout.abort();
      // A name that is being looked up cannot be told to stop.
      late.reject(timeout.signal.reason);
    }, this.#timeoutMs);
    try {
      const found = await Promise.race([this.#addressesOf(hostname), late.promise]);
      const tcp = await connectFirst(
        rules === null ? found : allowedAddresses(found, port, rules),
        (address, signal) => Deno.connect({ hostname: address, port, signal }),
        { signal: timeout.signal, delayMs: this.#options.attemptDelayMs },
      );
      tcp.setNoDelay(true);
      return tcp;
    } catch (error) {
      throw timeout.signal.aborted ? timedOut(`no connection to ${hostname}`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #addressesOf(host: string): Promise<readonly string[]> {
    if (isIpLiteral(host) || host.includes(":")) return [host];
    return await (this.#options.lookup ?? lookUp)(host);
  }

  async #inTime<T>(work: Promise<T>, connection: Duplex, what: string): Promise<T> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, this.#timeoutMs);
    try {
      return await work;
    } catch (error) {
      if (isLate) throw timedOut(what);
      closeQuietly(connection);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #mapping(host: string, port: number): ConnectTo | undefined {
    return this.#options.connectTo.find((entry) => entry.host === host && entry.port === port);
  }

  /** Both at once; a connection that nobody can trust is closed. */
  async #withRoots<T extends Duplex>(connecting: Promise<T>): Promise<[readonly string[], T]> {
    try {
      return await Promise.all([this.#extraRoots(), connecting]);
    } catch (error) {
      connecting.then(closeQuietly, () => {});
      throw error;
    }
  }

  /** Read once; what could not be read, for want of files perhaps, is read again. */
  async #extraRoots(): Promise<readonly string[]> {
    try {
      return await (this.#roots ??= this.#options.extraRoots());
    } catch (error) {
      this.#roots = null;
      throw error;
    }
  }
}

function isTcp(connection: ServerConnection): connection is Deno.TcpConn {
  return "setNoDelay" in connection;
}

/** In the order of RFC 6724, which the system knows. */
async function lookUp(host: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  try {
    return (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    throw new Refusal(
      502,
      "NameNotResolvedError",
      `Cannot reach ${host}: its name was not resolved${code === undefined ? "" : ` (${code})`}`,
      { hint: "Check the name, and that this machine can resolve names", cause },
    );
  }
}

function timedOut(what: string): Refusal {
  return new Refusal(504, "EndpointUnreachableError", `Cannot reach the server: ${what} in time`);
}
