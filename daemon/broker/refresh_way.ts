/**
 * The way out of one refresh: its endpoint told to the relay, and the connection begun while the
 * intent is written, which takes about as long as dialling. Nothing is sent over it by that.
 *
 * @module
 */
import { type OAuthConnection, readFacts } from "../oauth/connection_facts.ts";
import type { Broker, EarlyConnection } from "./broker.ts";

/** The way to one connection's token endpoint. Disposing of it closes what was not used. */
export class RefreshWay implements Disposable {
  readonly #broker: Broker;
  readonly #connection: OAuthConnection;
  readonly #endpoint: string;
  #early: EarlyConnection | null = null;

  /** Nothing happens yet. */
  constructor(broker: Broker, connection: OAuthConnection, endpoint: string) {
    this.#broker = broker;
    this.#connection = connection;
    this.#endpoint = endpoint;
  }

  /** Begins the connection; resolves when nothing is left to be done here for now. */
  async begin(): Promise<void> {
    const { allowProvider, allowHosts, connectEarly } = this.#broker;
    const { provider, base_url, metadata } = this.#connection;
    // The relay may not know this connection's own server: it is as old as the daemon.
    await allowProvider(provider, base_url);
    const found = readFacts(metadata).token_endpoint;
    if (found !== null) await allowHosts([new URL(found).host], provider.allow_private === true);
    if (connectEarly === undefined) return;
    this.#early = connectEarly(this.#endpoint);
    await this.#early.begun;
  }

  /** Uses that connection for the request it was made for. */
  get fetch(): typeof fetch {
    return this.#early?.fetch ?? this.#broker.fetch;
  }

  /** Closes a connection that no request was sent over. */
  [Symbol.dispose](): void {
    this.#early?.[Symbol.dispose]();
  }
}
