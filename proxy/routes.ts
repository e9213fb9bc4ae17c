/**
 * The routes of this run as they are now: a table that follows logins, logouts and changes of the
 * default connection, and says ties out loud.
 *
 * @module
 */
import type { ProxyRoutes } from "../core/api.ts";
import { showRef } from "../core/connection.ts";
import { pause } from "../core/pause.ts";
import {
  compileRoutes,
  isHostOf,
  isRoutedHost,
  matchRoute,
  type RouteMatch,
  type RouteTable,
} from "../core/route_table.ts";
import type { DaemonAccess } from "./daemon_access.ts";
import { Refusal } from "./fail_closed.ts";
import { tellOnce } from "./tell_once.ts";

/** Waits before a load that failed is tried again, in milliseconds; the last one repeats. */
const BACK_OFF_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** Of a table that is not as the daemon's is. */
const UNKNOWN = -1;

/** What goes with the routes. */
export interface LiveRoutesOptions {
  /** What must be waited for so that no news lies unread; null: nothing. */
  readonly caughtUp?: () => Promise<void> | null;
  /** Told of routes that were loaded anew. */
  readonly onChange?: () => void;
}

/** The live route table. */
export class LiveRoutes {
  readonly #daemon: DaemonAccess;
  readonly #note: (line: string) => void;
  readonly #options: LiveRoutesOptions;
  #table: RouteTable;
  #revision: number;
  #loading: Promise<void> | null = null;
  #superseded = new AbortController();
  #following: Promise<void> = Promise.resolve();

  /** Begins with `first`, which was asked for when the run began. */
  constructor(
    daemon: DaemonAccess,
    first: ProxyRoutes,
    note: (line: string) => void,
    options: LiveRoutesOptions = {},
  ) {
    this.#daemon = daemon;
    this.#note = tellOnce(note);
    this.#options = options;
    this.#table = compileRoutes(first.routes);
    this.#revision = first.revision;
  }

  /**
   * Waits for news that lies unread and for routes that are being loaded. Nothing to wait for: null,
   * so that a request with fresh routes stays synchronous. A failed load keeps the old table until
   * another one succeeds: its hosts are still decrypted, and what {@linkcode match} finds for them is
   * refused.
   */
  settled(): Promise<void> | null {
    const caughtUp = this.#options.caughtUp?.() ?? null;
    if (caughtUp !== null) return caughtUp.then(() => this.#loaded());
    return this.#loading === null ? null : this.#loaded();
  }

  /** A load may be asked for anew while the one before it is waited for. */
  async #loaded(): Promise<void> {
    while (this.#loading !== null) await this.#loading;
  }

  /**
   * Loads the routes again unless `revision` is the one we have; `force` after a broken stream. What
   * fails is tried again, until it is there or asked for anew.
   */
  reload(revision: number, force: boolean): void {
    if (revision === this.#revision && !force) return;
    this.#superseded.abort();
    this.#superseded = new AbortController();
    this.#following = this.#follow(this.#superseded.signal);
  }

  /** Loads no more; resolves when nothing of it runs. */
  async close(): Promise<void> {
    this.#superseded.abort();
    await this.#following;
  }

  /** The first attempt begins at once: a request that comes next waits for it. */
  async #follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const loading: Promise<void> = this.#loading = this.#load(signal);
      await loading;
      if (this.#loading === loading) this.#loading = null;
      if (this.#revision !== UNKNOWN) return;
      await pause(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]!, signal);
    }
  }

  /** Two loads may be answered in the opposite order: what was asked for last is what counts. */
  async #load(signal: AbortSignal): Promise<void> {
    try {
      const { routes, revision } = await this.#daemon.current.proxyRoutes({ signal });
      if (signal.aborted) return;
      this.#table = compileRoutes(routes);
      this.#revision = revision;
      this.#options.onChange?.();
    } catch {
      if (!signal.aborted) this.#revision = UNKNOWN;
    }
  }

  /** What certificates can be signed for before it is asked for: wildcards, and the hosts that are named. */
  certificateNames(): string[] {
    const patterns = [...this.#table.bySuffix.values()].flat().map(({ pattern }) => pattern);
    const wildcards = patterns.filter(({ text, suffix }) => text === `*.${suffix}`);
    return [...new Set(wildcards.map(({ text }) => text)), ...this.#table.exact.keys()];
  }

  /** Whether the host's traffic is decrypted. */
  isRouted(host: string): boolean {
    return isRoutedHost(this.#table, host);
  }

  /** Whether the host is one of this provider's. */
  isHostOf(provider: string, host: string): boolean {
    return isHostOf(this.#table, provider, host);
  }

  /**
   * The route of a request, or null.
   *
   * @throws {Refusal} 502 for one that is known to be old: the daemon may know another that is more
   * specific, or was made default since, and would give out the credential of either.
   */
  match(host: string, path: string, port: number): RouteMatch | null {
    const match = matchRoute(this.#table, host, path, port);
    if (match === null) return null;
    if (this.#revision === UNKNOWN) throw outdated(host);
    if (match.tied.length > 0) this.#tellTie(host, match);
    return match;
  }

  #tellTie(host: string, { route, tied }: RouteMatch): void {
    const others = tied.map(showRef).join(", ");
    this.#note(
      `${host}: ${showRef(route)} is used (made default last), not ${others}; choose with --only`,
    );
  }
}

function outdated(host: string): Refusal {
  return new Refusal(
    502,
    "DaemonUnavailableError",
    `Cannot choose the credential for ${host}: what was changed cannot be read from the daemon`,
    { hint: "Run: authsome daemon status" },
  );
}
