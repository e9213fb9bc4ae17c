/**
 * The index of one provider's connections: which is the default, and a summary of each, so that
 * lists, routes and defaults cost no opening of connections.
 *
 * The `…:metadata` record is the head: the default's summary and the size of each page. The pages,
 * `…:metadata:000000` and so on, hold few summaries each. So a save rewrites one page and at most the
 * head, and reading a default opens the head alone, with ten connections and with ten thousand.
 *
 * @module
 */
import type { ConnectionSummary, ProviderConnections } from "../../core/connection.ts";
import type { Vault, VaultChange, VaultRecord } from "../vault/vault.ts";
import { decodeSummary, encodeSummary, type StoredSummary } from "./connection_codec.ts";
import { metadataKey, metadataPageKey } from "./record_key.ts";

/** Most summaries on one page. */
export const PAGE_SIZE = 32;

/** The `…:metadata` record. */
export interface StoredHead {
  readonly schema_version: 1;
  readonly provider: string;
  readonly default_since: string | null;
  readonly default_summary: StoredSummary | null;
  /** Number of summaries on each page. */
  readonly page_sizes: readonly number[];
}

/** A `…:metadata:<page>` record. */
export interface StoredPage {
  readonly connections: readonly StoredSummary[];
}

/** A provider's default connection, and how many there are. */
export interface ProviderDefault {
  readonly provider: string;
  readonly default_connection: string;
  readonly default_since: Date;
  readonly summary: ConnectionSummary;
  readonly connection_count: number;
}

/** The provider's default connection; null when it has no connection. One read. */
export async function readDefaultConnection(
  vault: Vault,
  vaultId: string,
  provider: string,
): Promise<ProviderDefault | null> {
  const record = await vault.get(metadataKey(vaultId, provider));
  if (record === null) return null;
  const head = readHead(record);
  if (head.default_summary === null || head.default_since === null) return null;
  return {
    provider: head.provider,
    default_connection: head.default_summary.connection_name,
    default_since: new Date(head.default_since),
    summary: decodeSummary(head.default_summary),
    connection_count: head.page_sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** All of a provider's connections by name; null when there is none. One read of all pages. */
export async function readProviderConnections(
  vault: Vault,
  vaultId: string,
  provider: string,
): Promise<ProviderConnections | null> {
  // The head's key is the beginning of the pages' keys, so that it is the first of them.
  const [record, ...pages] = await vault.list(metadataKey(vaultId, provider));
  if (record === undefined) return null;
  const head = readHead(record);
  const summaries = pages.flatMap(readPage);
  summaries.sort((a, b) => a.connection_name < b.connection_name ? -1 : 1);
  return {
    provider: head.provider,
    default_connection: head.default_summary?.connection_name ?? null,
    default_since: head.default_since === null ? null : new Date(head.default_since),
    connection_count: summaries.length,
    connections: summaries.map(decodeSummary),
  };
}

/** The head of an index as stored. */
export function readHead({ value }: VaultRecord): StoredHead {
  return JSON.parse(value);
}

function readPage({ value }: VaultRecord): readonly StoredSummary[] {
  const page: StoredPage = JSON.parse(value);
  return page.connections;
}

interface Page {
  readonly revision: number;
  connections: readonly StoredSummary[];
  changed: boolean;
}

/** One change of an index: read what is needed, change it here, write {@linkcode changes}. */
export class IndexEdit {
  readonly #vault: Vault;
  readonly #vaultId: string;
  readonly #provider: string;
  readonly #revision: number;
  readonly #pages = new Map<number, Page>();
  #sizes: readonly number[];
  #default: { readonly since: string; readonly summary: StoredSummary } | null = null;
  #headChanged = false;

  private constructor(vault: Vault, vaultId: string, provider: string, record: VaultRecord | null) {
    this.#vault = vault;
    this.#vaultId = vaultId;
    this.#provider = provider;
    this.#revision = record?.revision ?? 0;
    const head = record === null ? null : readHead(record);
    this.#sizes = head?.page_sizes ?? [];
    if (head !== null && head.default_since !== null && head.default_summary !== null) {
      this.#default = { since: head.default_since, summary: head.default_summary };
    }
  }

  /** Begins with the index as it is now. */
  static async open(vault: Vault, vaultId: string, provider: string): Promise<IndexEdit> {
    const record = await vault.get(metadataKey(vaultId, provider));
    return new IndexEdit(vault, vaultId, provider, record);
  }

  /** Whether the provider had no connection when this edit began. */
  get wasEmpty(): boolean {
    return this.#revision === 0;
  }

  /** Whether the provider has no connection after this edit. */
  get isEmpty(): boolean {
    return this.#sizes.every((size) => size === 0);
  }

  /** Name of the default connection, or null. */
  get defaultConnection(): string | null {
    return this.#default?.summary.connection_name ?? null;
  }

  /** Puts a summary in place of the one on `page`, or where there is room; gives its page. */
  async place(summary: ConnectionSummary, page: number | null): Promise<number> {
    const stored = encodeSummary(summary);
    const name = stored.connection_name;
    const at = page ?? this.#roomyPage();
    const before = (await this.#page(at)).connections;
    const old = before.find((entry) => entry.connection_name === name);
    if (old === undefined || JSON.stringify(old) !== JSON.stringify(stored)) {
      const others = before.filter((entry) => entry.connection_name !== name);
      await this.#replace(at, [...others, stored]);
    }
    if (this.#default?.summary.connection_name === name) {
      this.#default = { since: this.#default.since, summary: stored };
      this.#headChanged = true;
    }
    return at;
  }

  /** The page a connection's summary is on, or null: looks through all of them. */
  async find(name: string): Promise<number | null> {
    for (let page = 0; page < this.#sizes.length; page++) {
      const { connections } = await this.#page(page);
      if (connections.some((entry) => entry.connection_name === name)) return page;
    }
    return null;
  }

  /** Takes a summary off its page. */
  async remove(name: string, page: number): Promise<void> {
    const { connections } = await this.#page(page);
    await this.#replace(page, connections.filter((entry) => entry.connection_name !== name));
  }

  /** Makes the connection on `page` the default since `now`. */
  async makeDefault(name: string, page: number, now: Date): Promise<void> {
    const place = await this.#page(page);
    const summary = place.connections.find((entry) => entry.connection_name === name);
    if (summary === undefined) throw new RangeError(`No summary of ${name} on page ${page}`);
    this.#default = { since: now.toISOString(), summary };
    this.#headChanged = true;
    // The default's summary is a copy: writing its page too makes another process notice.
    place.changed = true;
  }

  /** Leaves the provider without a default, or with the connection that was obtained last. */
  async makeAnotherDefault(now: Date): Promise<void> {
    this.#default = null;
    this.#headChanged = true;
    let latest: { name: string; page: number; obtained_at: string } | null = null;
    for (let page = 0; page < this.#sizes.length; page++) {
      for (const { connection_name: name, obtained_at } of (await this.#page(page)).connections) {
        if (latest === null || obtained_at > latest.obtained_at) {
          latest = { name, page, obtained_at };
        }
      }
    }
    if (latest !== null) await this.makeDefault(latest.name, latest.page, now);
  }

  /** The changes to write, each only if its record is still as it was read. */
  changes(): VaultChange[] {
    const changes: VaultChange[] = [];
    if (this.#headChanged) {
      const key = metadataKey(this.#vaultId, this.#provider);
      changes.push(toChange(key, this.isEmpty ? null : this.#head(), this.#revision));
    }
    for (const [number, { revision, connections, changed }] of this.#pages) {
      const key = metadataPageKey(this.#vaultId, this.#provider, number);
      const page: StoredPage | null = connections.length === 0 ? null : { connections };
      if (changed) changes.push(toChange(key, page, revision));
    }
    return changes;
  }

  #head(): StoredHead {
    return {
      schema_version: 1,
      provider: this.#provider,
      default_since: this.#default?.since ?? null,
      default_summary: this.#default?.summary ?? null,
      page_sizes: this.#sizes,
    };
  }

  #roomyPage(): number {
    const roomy = this.#sizes.findIndex((size) => size < PAGE_SIZE);
    return roomy < 0 ? this.#sizes.length : roomy;
  }

  async #page(number: number): Promise<Page> {
    const known = this.#pages.get(number);
    if (known !== undefined) return known;
    const record = await this.#vault.get(metadataPageKey(this.#vaultId, this.#provider, number));
    const page: Page = {
      revision: record?.revision ?? 0,
      connections: record === null ? [] : readPage(record),
      changed: false,
    };
    this.#pages.set(number, page);
    return page;
  }

  async #replace(number: number, connections: readonly StoredSummary[]): Promise<void> {
    const page = await this.#page(number);
    page.connections = connections;
    page.changed = true;
    if (this.#sizes[number] === connections.length) return;
    const sizes = [...this.#sizes];
    sizes[number] = connections.length;
    this.#sizes = sizes;
    this.#headChanged = true;
  }
}

function toChange(
  key: string,
  data: StoredHead | StoredPage | null,
  expected: number,
): VaultChange {
  return data === null
    ? { type: "delete", key, expected }
    : { type: "put", key, value: JSON.stringify(data), expected };
}
