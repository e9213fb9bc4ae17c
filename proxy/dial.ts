/**
 * Opens connections to servers: straight, through a corporate proxy, or where `--connect-to` points.
 *
 * `Deno.connect`, `setNoDelay`, then `Deno.startTls`: `Deno.connectTls` leaves Nagle's algorithm on
 * during the handshake and takes 44 ms for it, node:https hangs on reused connections, and fetch
 * changes bodies. `Deno.connect` tries IPv6 and IPv4 side by side by itself (RFC 8305).
 *
 * @module
 */
import { checkAddress } from "./address_policy.ts";
import type { ConnectTo } from "./connect_to.ts";
import type { CorporateProxies, CorporateProxy } from "./corporate_proxy.ts";
import { Refusal } from "./fail_closed.ts";
import { latin1Bytes, latin1Text } from "./http1/byte_reader.ts";
import { writeAll } from "./duplex.ts";

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
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_CONNECT_ANSWER_BYTES = 16 * 1024;

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
    const [roots, tcp] = await Promise.all([this.#extraRoots(), this.connect(endpoint)]);
    const tls = await Deno.startTls(tcp, {
      hostname: endpoint.host,
      caCerts: [...roots],
      alpnProtocols: [...protocols],
    });
    const { alpnProtocol } = await this.#inTime(
      tls.handshake(),
      tls,
      `no TLS handshake with ${endpoint.host}`,
    );
    // Servers without ALPN speak HTTP/1.1 (RFC 9113 section 3.3 has no such silence for HTTP/2).
    if (protocols.includes("h2") && alpnProtocol !== "h2") {
      tls.close();
      throw new Refusal(
        502,
        "EndpointUnreachableError",
        `Cannot reach ${endpoint.host}: the client speaks HTTP/2 only, and the server does not`,
      );
    }
    return tls;
  }

  /** A TCP connection for a tunnel or for TLS. Throws as {@linkcode connectTls} does. */
  async connect(endpoint: Endpoint): Promise<Deno.TcpConn> {
    const proxy = this.#mapping(endpoint.host, endpoint.port) === undefined
      ? this.#options.corporate.forTunnel(endpoint.host, endpoint.port)
      : null;
    if (proxy === null) return await this.#connectDirectly(endpoint);
    const tcp = await this.#open(proxy.hostname, proxy.port);
    await this.#inTime(askForTunnel(tcp, proxy, endpoint), tcp, "no answer of the HTTPS_PROXY");
    return tcp;
  }

  /** A TCP connection for an `http:` request: to the server, or to the corporate proxy. */
  async connectPlain(endpoint: Endpoint): Promise<Deno.TcpConn> {
    const proxy = this.plainProxy(endpoint);
    return proxy === null
      ? await this.#connectDirectly(endpoint)
      : await this.#open(proxy.hostname, proxy.port);
  }

  async #connectDirectly(endpoint: Endpoint): Promise<Deno.TcpConn> {
    const mapping = this.#mapping(endpoint.host, endpoint.port);
    const tcp = await this.#open(
      mapping?.address ?? endpoint.host,
      mapping?.addressPort ?? endpoint.port,
    );
    try {
      const { hostname, port } = tcp.remoteAddr;
      checkAddress(hostname, port, {
        daemonPort: this.#options.daemonPort(),
        allowPrivate: endpoint.allowPrivate || mapping !== undefined,
      });
    } catch (refusal) {
      tcp.close();
      throw refusal;
    }
    return tcp;
  }

  async #open(hostname: string, port: number): Promise<Deno.TcpConn> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#timeoutMs);
    try {
      const tcp = await Deno.connect({ hostname, port, signal: timeout.signal });
      tcp.setNoDelay(true);
      return tcp;
    } catch (error) {
      throw timeout.signal.aborted ? timedOut(`no connection to ${hostname}`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #inTime<T>(work: Promise<T>, connection: Deno.Conn, what: string): Promise<T> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, this.#timeoutMs);
    try {
      return await work;
    } catch (error) {
      if (isLate) throw timedOut(what);
      connection.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #mapping(host: string, port: number): ConnectTo | undefined {
    return this.#options.connectTo.find((entry) => entry.host === host && entry.port === port);
  }

  #extraRoots(): Promise<readonly string[]> {
    return this.#roots ??= this.#options.extraRoots();
  }
}

/** RFC 9110 section 9.3.6. */
async function askForTunnel(
  tcp: Deno.TcpConn,
  proxy: CorporateProxy,
  { host, port }: Endpoint,
): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const authorization = proxy.authorization === null
    ? ""
    : `Proxy-Authorization: ${proxy.authorization.reveal()}\r\n`;
  await writeAll(
    tcp,
    latin1Bytes(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`),
  );
  const head = await readExactHead(tcp);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? "no HTTP status";
  if (!status.startsWith("2")) {
    throw new Refusal(
      502,
      "EndpointUnreachableError",
      `Cannot reach ${authority}: the HTTPS_PROXY of this machine answered ${status}`,
      status === "407" ? { hint: "Put user name and password into HTTPS_PROXY" } : {},
    );
  }
}

/** Reads up to the empty line and not a byte further: what follows belongs to the tunnel. */
async function readExactHead(tcp: Deno.TcpConn): Promise<string> {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  while (bytes.length < MAX_CONNECT_ANSWER_BYTES) {
    if (await tcp.read(one) === null) break;
    bytes.push(one[0]!);
    if (one[0] === 10 && latin1Text(Uint8Array.from(bytes.slice(-4))) === "\r\n\r\n") {
      return latin1Text(Uint8Array.from(bytes));
    }
  }
  throw new Error("the HTTPS_PROXY of this machine broke off");
}

function timedOut(what: string): Refusal {
  return new Refusal(504, "EndpointUnreachableError", `Cannot reach the server: ${what} in time`);
}
