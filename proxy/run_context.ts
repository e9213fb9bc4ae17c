/**
 * What every connection of one run shares.
 *
 * @module
 */
import type { Credentials } from "./credentials.ts";
import type { Dialer } from "./dial.ts";
import type { TellFault } from "./fault_teller.ts";
import type { IdleMemory } from "./idle_memory.ts";
import type { Http1Connector } from "./http1_connector.ts";
import type { Http2Connector } from "./http2_connector.ts";
import type { PlaceholderCanaries } from "./placeholder_canaries.ts";
import type { ProxySecret } from "./proxy_secret.ts";
import type { LiveRoutes } from "./routes.ts";
import type { SenderWatch } from "./sender_watch.ts";
import type { Timing } from "./timing.ts";
import type { UpstreamPool } from "./upstream_pool.ts";
import type { Usage } from "./usage.ts";

/** The parts of a running proxy. */
export interface RunContext {
  readonly routes: LiveRoutes;
  readonly credentials: Credentials;
  readonly dialer: Dialer;
  /** Connects for requests in HTTP/1.1 to servers of either version. */
  readonly http1: Http1Connector;
  /** Connects for clients that speak HTTP/2 only. */
  readonly http2: Http2Connector;
  readonly pool: UpstreamPool;
  /** Notices who leaves while nobody takes what it sends. */
  readonly senders: SenderWatch;
  readonly secret: ProxySecret;
  /** Keeps placeholders from hosts that are not their provider's. */
  readonly canaries: PlaceholderCanaries;
  /** What is done with credentials, for the daemon's audit log. */
  readonly usage: Usage;
  /** Is told of every request, and tidies up behind them. */
  readonly memory: IdleMemory;
  /** `--deny-unmatched`: only routed requests go out. */
  readonly denyUnmatched: boolean;
  /** Tells the owner something worth knowing, once; a whole sentence without a secret in it. */
  readonly note: (line: string) => void;
  /** Is given what ended a connection otherwise than by a refusal. */
  readonly fault: TellFault;
  readonly timing: Timing;
}
