/**
 * What one process knows of its refreshes: which are under way, and which token sets the disk has not
 * taken yet.
 *
 * @module
 */
import { type Connection, type ConnectionRef, showRef } from "../../core/connection.ts";
import { RefreshFailedError } from "../../core/errors.ts";
import type { Renewal } from "../oauth/refresh.ts";
import { endedWithin } from "./patience.ts";

/** A token set that the provider handed out and that is nowhere but here. */
export interface UnsavedTokens {
  readonly vault_id: string;
  readonly ref: ConnectionRef;
  /** Fingerprint of the token that was spent for it. */
  readonly spent: string;
  readonly renewal: Renewal;
}

/** The refreshes of one process on one vault. */
export class Refreshes {
  /** This process, in the journal. */
  readonly holder: string = crypto.randomUUID();
  readonly #underWay = new Map<string, Promise<Connection>>();
  readonly #unsaved = new Map<string, UnsavedTokens>();
  #ending = false;

  /**
   * The refresh of this connection that is under way, or the one that `begin` begins.
   *
   * @throws {RefreshFailedError} when none is under way and the daemon is about to stop.
   */
  join(connection: Connection, begin: () => Promise<Connection>): Promise<Connection> {
    const key = keyOf(connection.vault_id, refOf(connection));
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#ending) return Promise.reject(stopping(refOf(connection)));
    const begun = begin().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, begun);
    return begun;
  }

  /** Waits for the refreshes of these connections, at most so long; of all where none are given. */
  async settle(
    timeoutMs: number,
    connections: { readonly vault_id: string; readonly provider: string } | null = null,
  ): Promise<void> {
    const prefix = connections === null ? "" : `${connections.vault_id} ${connections.provider} `;
    const waited = [...this.#underWay].filter(([key]) => key.startsWith(prefix));
    if (waited.length === 0) return;
    await endedWithin(timeoutMs, Promise.allSettled(waited.map(([, flight]) => flight)));
  }

  /** Begins no further refresh, and waits for those under way, at most so long. */
  async end(timeoutMs: number): Promise<void> {
    this.#ending = true;
    await this.settle(timeoutMs);
  }

  /** Remembers a token set until it is on disk. */
  remember(tokens: UnsavedTokens): void {
    this.#unsaved.set(keyOf(tokens.vault_id, tokens.ref), tokens);
  }

  /** The token set of this connection that waits to be written; null: there is none. */
  unsavedOf(vaultId: string, ref: ConnectionRef): UnsavedTokens | null {
    return this.#unsaved.get(keyOf(vaultId, ref)) ?? null;
  }

  /** Every token set that waits to be written. */
  unsaved(): readonly UnsavedTokens[] {
    return [...this.#unsaved.values()];
  }

  /** It is on disk, or of no use any more. */
  forget(vaultId: string, ref: ConnectionRef): void {
    this.#unsaved.delete(keyOf(vaultId, ref));
  }
}

function keyOf(vaultId: string, { provider, connection }: ConnectionRef): string {
  return `${vaultId} ${provider} ${connection}`;
}

function refOf({ provider, connection_name }: Connection): ConnectionRef {
  return { provider, connection: connection_name };
}

function stopping(ref: ConnectionRef): RefreshFailedError {
  return new RefreshFailedError(`Cannot refresh ${showRef(ref)}: the daemon is stopping`, {
    ...ref,
    operation: "refresh",
    hint: "Run the command again: it starts the daemon",
  });
}
