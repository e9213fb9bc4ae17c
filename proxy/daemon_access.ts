/**
 * What the proxy asks and tells the daemon, signed with the run's key: routes, changes, credentials,
 * what it did with them.
 *
 * @module
 */
import type {
  ConfirmAnswer,
  ProxyEvent,
  ProxyRoutes,
  ResolvedCredential,
  ResolveRequest,
  UsageAnswer,
  UsageReport,
} from "../core/api.ts";

/** The routes a run identity may use; {@linkcode DaemonClient} has them. */
export interface RunDaemon {
  /** `GET /proxy/routes`. */
  proxyRoutes(options?: { readonly signal?: AbortSignal }): Promise<ProxyRoutes>;
  /** `GET /proxy/events`, until the signal aborts, the stream breaks, or its reader leaves. */
  proxyEvents(
    signal: AbortSignal,
    options: { readonly confirm: true },
  ): AsyncIterable<ProxyEvent>;
  /** `POST /proxy/events/confirm`. */
  confirmChanges(
    revision: number,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ConfirmAnswer>;
  /** `POST /credentials/resolve`. */
  resolveCredential(
    request: ResolveRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ResolvedCredential>;
  /** `POST /proxy/usage`. */
  reportUsage(
    report: UsageReport,
    options?: { readonly signal?: AbortSignal },
  ): Promise<UsageAnswer>;
}

/** The daemon as it is now: it may be restarted during a run, at another address. */
export interface DaemonAccess {
  /** The client to ask with. */
  readonly current: RunDaemon;
  /** Port of the daemon when it is on this machine's loopback; null otherwise. */
  readonly port: number | null;
  /**
   * Called when the daemon does not answer: brings it back (starting it, if it is ours to start) so
   * that `current` works again.
   *
   * @throws whatever stood in the way; it is tried again later.
   */
  revive(): Promise<void>;
}
