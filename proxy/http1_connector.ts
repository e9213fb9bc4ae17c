/**
 * Connections that take HTTP/1.1 requests, to servers of either version: ALPN (RFC 7301) decides.
 *
 * HTTP/1.1 is offered alone, because servers that have both would choose HTTP/2, which is slower here
 * and no longer the client's own bytes. A server that has HTTP/2 alone says so by refusing the
 * handshake, or by choosing nothing (Go's servers do, and then speak HTTP/2 all the same).
 *
 * @module
 */
import { importLater } from "../core/import_later.ts";
import type { Dialer, Endpoint } from "./dial.ts";
import type { Duplex } from "./duplex.ts";
import type { TellFault } from "./fault_teller.ts";
import { TIMING, type Timing } from "./timing.ts";

/** Servers whose version is remembered; beyond that they are asked again. */
const MAX_KNOWN = 1_000;

/** Connects on behalf of HTTP/1.1 clients. */
export class Http1Connector {
  readonly #dialer: Dialer;
  readonly #timing: Timing;
  readonly #onFault: TellFault;
  readonly #versions = new Map<string, "http/1.1" | "h2">();

  /** Nothing is known of any server. */
  constructor(dialer: Dialer, timing: Timing = TIMING, onFault: TellFault = () => {}) {
    this.#dialer = dialer;
    this.#timing = timing;
    this.#onFault = onFault;
  }

  /** A connection that HTTP/1.1 can be written to. Throws as {@linkcode Dialer.connectTls} does. */
  async connect(endpoint: Endpoint): Promise<Duplex> {
    const key = `${endpoint.host}:${endpoint.port}`;
    if (this.#versions.get(key) === "h2") {
      const { connection, protocol } = await this.#dialer.negotiate(endpoint, ["h2", "http/1.1"]);
      if (protocol === "h2") return await this.#bridged(connection, endpoint);
      this.#versions.delete(key);
      return connection;
    }
    let offered;
    try {
      offered = await this.#dialer.negotiate(endpoint, ["http/1.1"]);
    } catch (error) {
      if (!isNoSharedProtocol(error)) throw error;
      const connection = await this.#dialer.connectTls(endpoint, ["h2"]);
      this.#remember(key, "h2");
      return await this.#bridged(connection, endpoint);
    }
    if (offered.protocol !== null || this.#versions.has(key)) return offered.connection;
    return await this.#withoutAlpn(key, endpoint, offered.connection);
  }

  /** The server chose nothing. Asked once whether it would have chosen HTTP/2. */
  async #withoutAlpn(key: string, endpoint: Endpoint, plain: Deno.TlsConn): Promise<Duplex> {
    const asked = await this.#dialer.negotiate(endpoint, ["h2"]).catch(() => null);
    this.#remember(key, asked?.protocol === "h2" ? "h2" : "http/1.1");
    if (asked?.protocol === "h2") {
      plain.close();
      return await this.#bridged(asked.connection, endpoint);
    }
    asked?.connection.close();
    return plain;
  }

  /** Loaded for those servers alone. */
  async #bridged(connection: Deno.TlsConn, endpoint: Endpoint): Promise<Duplex> {
    const { Http1Bridge } = await importLater<typeof import("./http2/http1_bridge.ts")>(
      "proxy/http2/http1_bridge.ts",
    );
    return new Http1Bridge(connection, {
      reconnect: () => this.#dialer.connectTls(endpoint, ["h2"]),
      silence: this.#timing,
      onFault: this.#onFault,
    });
  }

  #remember(key: string, version: "http/1.1" | "h2"): void {
    if (this.#versions.size >= MAX_KNOWN) this.#versions.clear();
    this.#versions.set(key, version);
  }
}

/** The alert `no_application_protocol` (RFC 7301 section 3.2), in the words of Deno's TLS library. */
export function isNoSharedProtocol(error: unknown): boolean {
  return error instanceof Error && /NoApplicationProtocol/i.test(error.message);
}
