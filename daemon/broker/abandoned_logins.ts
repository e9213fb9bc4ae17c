/**
 * Logins that were given up by an id of the caller's choice, perhaps before they began: Ctrl-C can
 * arrive in front of the request that it is about.
 *
 * In memory only: such a request is as old as its connection, and so not older than the daemon.
 *
 * @module
 */
import type { OwnerCaller } from "./caller.ts";

/** So many are remembered; the oldest go first. */
const CAPACITY = 1000;

/** Ids that no login shall go on under. */
export class AbandonedLogins {
  readonly #ids = new Set<string>();

  /** Remembers that this owner gave the login up. */
  add({ principal_id }: OwnerCaller, id: string): void {
    for (const oldest of this.#ids) {
      if (this.#ids.size < CAPACITY) break;
      this.#ids.delete(oldest);
    }
    // A longer one is no id of a session.
    if (id.length <= 64) this.#ids.add(`${principal_id} ${id}`);
  }

  /** Whether this owner gave it up. */
  has({ principal_id }: OwnerCaller, id: string): boolean {
    return this.#ids.has(`${principal_id} ${id}`);
  }
}
