/**
 * Connections to servers on behalf of clients that speak HTTP/2 only, and which servers have no HTTP/2
 * for them.
 *
 * @module
 */
import type { Dialer, Endpoint } from "./dial.ts";
import type { Duplex } from "./duplex.ts";
import { Refusal } from "./fail_closed.ts";
import { isNoSharedProtocol } from "./http1_connector.ts";

/** Servers that are remembered; beyond that they are asked again. */
const MAX_KNOWN = 1_000;

/** The server speaks HTTP/1.1 only. */
export class NoHttp2 extends Refusal {
  /** `host` for the message. */
  constructor(host: string) {
    super(
      502,
      "EndpointUnreachableError",
      `Cannot reach ${host}: the client speaks HTTP/2 only, and the server does not`,
    );
  }
}

/** See the module. */
export class Http2Connector {
  readonly #dialer: Dialer;
  readonly #without = new Set<string>();

  /** Nothing is known of any server. */
  constructor(dialer: Dialer) {
    this.#dialer = dialer;
  }

  /** Whether this server was seen to have no HTTP/2. */
  isWithout(endpoint: Pick<Endpoint, "host" | "port">): boolean {
    return this.#without.has(keyOf(endpoint));
  }

  /**
   * A connection where TLS has chosen HTTP/2.
   *
   * @throws {NoHttp2} when the server has none; otherwise as `Dialer.connectTls` does.
   */
  async connect(endpoint: Endpoint): Promise<Duplex> {
    // HTTP/2 alone: of two a server might choose the other one.
    const asked = await this.#dialer.negotiate(endpoint, ["h2"]).catch((error) => {
      if (isNoSharedProtocol(error)) return null;
      throw error;
    });
    const key = keyOf(endpoint);
    if (asked?.protocol === "h2") {
      this.#without.delete(key);
      return asked.connection;
    }
    asked?.connection.close();
    if (this.#without.size >= MAX_KNOWN) this.#without.clear();
    this.#without.add(key);
    throw new NoHttp2(endpoint.host);
  }
}

function keyOf({ host, port }: Pick<Endpoint, "host" | "port">): string {
  return `${host}:${port}`;
}
