/**
 * Connections and their summaries as JSON, for sealing and back. Besides the headers and bodies of
 * requests, this is where secrets are revealed: what is written here goes into a sealed record.
 *
 * @module
 */
import { showRef } from "../../core/connection.ts";
import type { Connection, ConnectionSummary } from "../../core/connection.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";

/** A connection as stored: dates as ISO strings, secrets in clear, and where its summary is. */
interface StoredConnection {
  readonly connection: Connection;
  /** Page of the provider's index that holds its summary. */
  readonly page: number;
}

/** JSON of a connection; holds its secrets. */
export function encodeConnection({ connection, page }: StoredConnection): string {
  const secrets = Object.fromEntries(
    Object.entries(connection.secrets).map(([name, secret]) => [name, secret.reveal()]),
  );
  // A Date writes itself as an ISO string.
  return JSON.stringify({ ...connection, secrets, index_page: page });
}

/**
 * The connection that {@linkcode encodeConnection} wrote.
 *
 * @throws {StoreUnavailableError} when it has another schema version.
 */
export function decodeConnection(text: string): StoredConnection {
  const { index_page, ...stored } = JSON.parse(text);
  if (stored.schema_version !== 2) {
    const ref = showRef({ provider: stored.provider, connection: stored.connection_name });
    throw new StoreUnavailableError(
      `Cannot read ${ref}: its record has schema version ${stored.schema_version}, not 2`,
      { hint: `Run: authsome logout ${stored.provider}, then: authsome login ${stored.provider}` },
    );
  }
  const secrets = Object.fromEntries(
    Object.entries(stored.secrets as Record<string, string>)
      .map(([name, value]) => [name, new Secret(value)]),
  );
  const connection: Connection = {
    ...stored,
    secrets,
    expires_at: readDate(stored.expires_at),
    obtained_at: new Date(stored.obtained_at),
  };
  return { connection, page: index_page };
}

/** A summary as JSON data. */
export type StoredSummary =
  & Omit<ConnectionSummary, "expires_at" | "obtained_at">
  & { readonly expires_at: string | null; readonly obtained_at: string };

/** A summary, ready for `JSON.stringify`. */
export function encodeSummary(summary: ConnectionSummary): StoredSummary {
  return {
    ...summary,
    expires_at: summary.expires_at?.toISOString() ?? null,
    obtained_at: summary.obtained_at.toISOString(),
  };
}

/** The summary that {@linkcode encodeSummary} made. */
export function decodeSummary(stored: StoredSummary): ConnectionSummary {
  return {
    ...stored,
    expires_at: readDate(stored.expires_at),
    obtained_at: new Date(stored.obtained_at),
  };
}

function readDate(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
