/**
 * A provider's records made anew from its connections alone: each connection, the pages of the index,
 * its head. What {@linkcode IndexEdit} keeps by small changes, written as a whole.
 *
 * @module
 */
import { type Connection, summarize } from "../../core/connection.ts";
import { encodeConnection, encodeSummary } from "./connection_codec.ts";
import { PAGE_SIZE, type StoredHead, type StoredPage } from "./connection_index.ts";
import { connectionKey, metadataKey, metadataPageKey } from "./record_key.ts";

/** Which connection is the default, and since when. */
export interface FreshDefault {
  readonly connection: string;
  readonly since: Date;
}

/**
 * The records by key. `connections` are all of one provider in one vault, at least one. Where it is not
 * known which is the default, it is the one that was obtained last.
 */
export function freshIndex(
  vaultId: string,
  provider: string,
  connections: readonly Connection[],
  standard: FreshDefault | null,
): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  const sizes: number[] = [];
  for (let page = 0; page * PAGE_SIZE < connections.length; page++) {
    const onPage = connections.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    sizes.push(onPage.length);
    for (const connection of onPage) {
      const ref = { provider, connection: connection.connection_name };
      records.set(connectionKey(vaultId, ref), encodeConnection({ connection, page }));
    }
    const content: StoredPage = {
      connections: onPage.map((connection) => encodeSummary(summarize(connection))),
    };
    records.set(metadataPageKey(vaultId, provider, page), JSON.stringify(content));
  }
  const chosen = connections.find((one) => one.connection_name === standard?.connection) ??
    connections.reduce((latest, one) => one.obtained_at > latest.obtained_at ? one : latest);
  const since = chosen.connection_name === standard?.connection
    ? standard.since
    : chosen.obtained_at;
  const head: StoredHead = {
    schema_version: 1,
    provider,
    default_since: since.toISOString(),
    default_summary: encodeSummary(summarize(chosen)),
    page_sizes: sizes,
  };
  records.set(metadataKey(vaultId, provider), JSON.stringify(head));
  return records;
}
