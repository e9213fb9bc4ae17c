/**
 * Who may use the proxy: whoever sends the run's secret, and the run's own Java programs, which
 * cannot.
 *
 * @module
 */
import { Refusal } from "./fail_closed.ts";
import { isJavaOfThisRun } from "./peer_process.ts";
import type { ProxySecret } from "./proxy_secret.ts";
import type { PeerAddress } from "./socket_table.ts";

/** The admission of one connection. */
export class Admission {
  readonly #secret: ProxySecret;
  readonly #peer: () => PeerAddress;
  /** A connection keeps its process, so that is looked up once. */
  #recognised: Promise<boolean> | null = null;

  /** Of a connection with these ends; asked for only where they matter. */
  constructor(secret: ProxySecret, peer: () => PeerAddress) {
    this.#secret = secret;
    this.#peer = peer;
  }

  /**
   * Lets a request pass; `header` is its `Proxy-Authorization`, null when it has none. A promise only
   * where the client's process has to be looked up.
   *
   * @throws {Refusal} 407 (RFC 9110 section 11.7.1), also before it returns.
   */
  check(header: string | null): Promise<void> | null {
    if (this.#secret.accepts(header)) return null;
    // A wrong secret is never made good by anything else.
    if (header !== null) throw refused(header);
    this.#recognised ??= isJavaOfThisRun(this.#peer(), this.#secret.value);
    return this.#recognised.then((isRecognised) => {
      if (!isRecognised) throw refused(header);
    });
  }
}

function refused(header: string | null): Refusal {
  return new Refusal(
    407,
    // A client that sends it only when asked is no news; one with a wrong secret is.
    header === null ? "ProxyAuthenticationError" : "WrongProxySecretError",
    `Cannot use this proxy: the secret of the run is ${header === null ? "missing" : "wrong"}`,
    { hint: "Use the proxy URL of HTTPS_PROXY as it is, with its user name and password" },
  );
}
