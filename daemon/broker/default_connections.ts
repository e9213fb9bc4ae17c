/**
 * Each provider's default connection, kept in memory between changes: every resolve asks for it.
 *
 * What is kept is dropped when the change hub says so, and after a second in any case, so that
 * another daemon on the same vault is noticed.
 *
 * @module
 */
import { type ProviderDefault, readDefaultConnection } from "../records/connection_index.ts";
import type { Broker } from "./broker.ts";
import { TimedCache } from "./timed_cache.ts";

/** The default connections, as last read. */
export class DefaultConnections {
  readonly #cache: TimedCache<ProviderDefault | null>;
  readonly #vault: Broker["vault"];

  /** Reads from the vault and listens to the change hub. */
  constructor({ vault, changes, now }: Pick<Broker, "vault" | "changes" | "now">) {
    this.#vault = vault;
    this.#cache = new TimedCache(now);
    changes.subscribe((change) => {
      if (change.type === "connections") this.#cache.drop(`${change.vault_id} ${change.provider}`);
    });
  }

  /** A provider's default connection; null when it has no connection. */
  async of(vaultId: string, provider: string): Promise<ProviderDefault | null> {
    return await this.#cache.get(
      `${vaultId} ${provider}`,
      () => readDefaultConnection(this.#vault, vaultId, provider),
    );
  }
}
