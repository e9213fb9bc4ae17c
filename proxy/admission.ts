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
  readonly #peer: PeerAddress;
  /** A connection keeps its process, so that is looked up once. */
  #recognised: Promise<boolean> | null = null;

  /** Of a connection with these ends. */
  constructor(secret: ProxySecret, peer: PeerAddress) {
    this.#secret = secret;
    this.#peer = peer;
  }

  /**
   * Lets a request pass; `header` is its `Proxy-Authorization`, null when it has none.
   *
   * @throws {Refusal} 407 (RFC 9110 section 11.7.1).
   */
  async check(header: string | null): Promise<void> {
    if (this.#secret.accepts(header)) return;
    // A wrong secret is never made good by anything else.
    if (header === null) {
      this.#recognised ??= isJavaOfThisRun(this.#peer, this.#secret.value);
      if (await this.#recognised) return;
    }
    throw new Refusal(
      407,
      // A client that sends it only when asked is no news; one with a wrong secret is.
      header === null ? "ProxyAuthenticationError" : "WrongProxySecretError",
      `Cannot use this proxy: the secret of the run is ${header === null ? "missing" : "wrong"}`,
      { hint: "Use the proxy URL of HTTPS_PROXY as it is, with its user name and password" },
    );
  }
}
