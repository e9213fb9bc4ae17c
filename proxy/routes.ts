/**
 * The routes of this run as they are now: a table that follows logins, logouts and changes of the
 * default connection, and says ties out loud.
 *
 * @module
 */
import type { ProxyRoutes } from "../core/api.ts";
import { showRef } from "../core/connection.ts";
import {
  compileRoutes,
  isHostOf,
  isRoutedHost,
  matchRoute,
  type RouteMatch,
  type RouteTable,
} from "../core/route_table.ts";
import type { DaemonAccess } from "./daemon_access.ts";

/** The live route table. */
export class LiveRoutes {
  readonly #daemon: DaemonAccess;
  readonly #note: (line: string) => void;
  readonly #caughtUp: () => Promise<void> | null;
  readonly #told = new Set<string>();
  #table: RouteTable;
  #revision: number;
  #loading: Promise<void> | null = null;

  /**
   * Begins with `first`, which was asked for when the run began. `caughtUp` is what must be waited for
   * so that no news lies unread.
   */
  constructor(
    daemon: DaemonAccess,
    first: ProxyRoutes,
    note: (line: string) => void,
    caughtUp: () => Promise<void> | null = () => null,
  ) {
    this.#daemon = daemon;
    this.#note = note;
    this.#caughtUp = caughtUp;
    this.#table = compileRoutes(first.routes);
    this.#revision = first.revision;
  }

  /**
   * Waits for news that lies unread and for routes that are being loaded. Nothing to wait for: null,
   * so that a request with fresh routes stays synchronous. A failed load keeps the old table: hosts
   * in it still fail closed, because each of their requests asks the daemon.
   */
  settled(): Promise<void> | null {
    const caughtUp = this.#caughtUp();
    return caughtUp === null ? this.#loading : caughtUp.then(() => this.#loading ?? undefined);
  }

  /** Loads the routes again unless `revision` is the one we have; `force` after a broken stream. */
  reload(revision: number, force: boolean): void {
    if (revision === this.#revision && !force) return;
    const loading: Promise<void> = this.#load(() => this.#loading === loading).finally(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    this.#loading = loading;
  }

  /** Two loads may be answered in the opposite order: what was asked for last is what counts. */
  async #load(isLatest: () => boolean): Promise<void> {
    try {
      const { routes, revision } = await this.#daemon.current.proxyRoutes();
      if (!isLatest()) return;
      this.#table = compileRoutes(routes);
      this.#revision = revision;
    } catch {
      // The stream breaks too when the daemon is gone, and its return loads them.
      if (isLatest()) this.#revision = -1;
    }
  }

  /** Whether the host's traffic is decrypted. */
  isRouted(host: string): boolean {
    return isRoutedHost(this.#table, host);
  }

  /** Whether the host is one of this provider's. */
  isHostOf(provider: string, host: string): boolean {
    return isHostOf(this.#table, provider, host);
  }

  /** The route of a request, or null. */
  match(host: string, path: string): RouteMatch | null {
    const match = matchRoute(this.#table, host, path);
    if (match !== null && match.tied.length > 0) this.#tellTie(host, match);
    return match;
  }

  /** Once for each pair, so that a busy run does not repeat itself. */
  #tellTie(host: string, { route, tied }: RouteMatch): void {
    const others = tied.map(showRef).join(", ");
    const line = `${host}: ${showRef(route)} is used (made default last), not ${others}; ` +
      "choose with --only";
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.#note(line);
  }
}
