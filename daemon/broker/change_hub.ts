/**
 * Where every change of connections, definitions and grants is announced, so that nothing keeps
 * using what it read before: the daemon's own caches, and the proxies' through their event stream.
 *
 * @module
 */

/** What changed. */
export type Change =
  /** Connections of this provider: login, logout, default; `renewed`: a refresh, and nothing else. */
  | {
    readonly type: "connections";
    readonly vault_id: string;
    readonly provider: string;
    readonly renewed?: true;
  }
  /** Definitions: registered, removed, reset. */
  | { readonly type: "providers" }
  /** An identity was registered. */
  | { readonly type: "identity"; readonly handle: string }
  /** A grant was renewed or ended; `itself`: by its own run. */
  | {
    readonly type: "grant";
    readonly grant_id: string;
    readonly ended: boolean;
    readonly itself?: true;
  };

/** Called with each change, after the revision has grown. Must not throw. */
export type ChangeListener = (change: Change) => void;

/** Announces changes to whoever listens. */
export class ChangeHub {
  readonly #listeners = new Set<ChangeListener>();
  #revision: number;

  /** `start` must be greater than any revision an earlier daemon told: milliseconds will do. */
  constructor(start: number) {
    this.#revision = start;
  }

  /** Grows with each change; the same number means that nothing changed. */
  get revision(): number {
    return this.#revision;
  }

  /** Tells every listener. */
  publish(change: Change): void {
    this.#revision++;
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** Listens until the returned function is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
