/**
 * What happens to the connections of one run: live routes, credentials, certificates, and the pool
 * of connections to servers, put together.
 *
 * @module
 */
import type net from "node:net";
import type { CertificateAuthority } from "./certificate_authority.ts";
import { ChangeStream } from "./change_stream.ts";
import { ClientLimit } from "./client_limit.ts";
import type { CorporateProxies } from "./corporate_proxy.ts";
import { Credentials } from "./credentials.ts";
import { Dialer } from "./dial.ts";
import { readExtraRoots } from "./extra_roots.ts";
import { faultTeller } from "./fault_teller.ts";
import { Http1Connector } from "./http1_connector.ts";
import { Http2Connector } from "./http2_connector.ts";
import { IdleMemory } from "./idle_memory.ts";
import { LeafCertificates } from "./leaf_certificates.ts";
import type { DoorOptions, ServiceOptions } from "./mod.ts";
import { PlaceholderCanaries } from "./placeholder_canaries.ts";
import type { ProxySecret } from "./proxy_secret.ts";
import { LiveRoutes } from "./routes.ts";
import type { RunContext } from "./run_context.ts";
import { SenderWatch } from "./sender_watch.ts";
import { serveSocket } from "./serve_socket.ts";
import { SignAhead } from "./sign_ahead.ts";
import { StallWatch } from "./stall_watch.ts";
import { tellOnce } from "./tell_once.ts";
import { TIMING } from "./timing.ts";
import { turnAway } from "./turn_away.ts";
import { UpstreamPool } from "./upstream_pool.ts";
import { Usage } from "./usage.ts";

/** What an engine is started with. */
export interface EngineOptions extends ServiceOptions {
  readonly readVariable: DoorOptions["readVariable"];
  readonly corporate: CorporateProxies;
  readonly authority: CertificateAuthority;
  readonly secret: ProxySecret;
}

/** A running engine. */
export interface Engine {
  /** Serves one accepted connection to its end; with it, `open` are. */
  serve(socket: net.Socket, open: number): void;
  /** Does in idle time what the first request would have to wait for. */
  warmUp(): Promise<void>;
  /** Ends the change stream, reports what was done since the last report, closes idle connections. */
  close(): Promise<void>;
}

/** Starts one; the change stream opens in the background. */
export function startEngine(options: EngineOptions): Engine {
  const { daemon, corporate, readVariable, note } = options;
  const timing = { ...TIMING, ...options.timing };
  const pool = new UpstreamPool();
  const senders = new SenderWatch(timing);
  const usage = new Usage(daemon);
  const memory = new IdleMemory();
  const stalls = new StallWatch(() => credentials.clear(), timing);
  const leaves = new LeafCertificates(options.authority);
  const ahead = new SignAhead(leaves);
  const routes = new LiveRoutes(daemon, options.routes, note, {
    caughtUp: () => stalls.caughtUp(),
    onChange: () => ahead.prepare(routes.certificateNames()),
  });
  const credentials = new Credentials(daemon, () => changes.isOpen);
  let wasBroken = false;
  let isClosed = false;
  const changes = new ChangeStream(daemon, {
    onChange: (revision) => {
      credentials.clear();
      // A restarted daemon may count from the beginning again.
      routes.reload(revision, wasBroken);
      wasBroken = false;
    },
    onBroken: () => {
      wasBroken = true;
      credentials.clear();
    },
    onEnded: () => credentials.clear(),
  });
  const dialer = new Dialer({
    connectTo: options.connectTo,
    corporate,
    extraRoots: () => readExtraRoots(readVariable("SSL_CERT_FILE")),
    daemonPort: () => daemon.port,
  });
  const fault = faultTeller(note);
  const clients = new ClientLimit();
  const run: RunContext = {
    routes,
    credentials,
    pool,
    senders,
    dialer,
    http1: new Http1Connector(dialer, timing, fault),
    http2: new Http2Connector(dialer),
    secret: options.secret,
    canaries: new PlaceholderCanaries(options.placeholders, note),
    usage,
    memory,
    denyUnmatched: options.denyUnmatched,
    note: tellOnce(note),
    fault,
    timing,
  };
  return {
    serve: (socket, open) => {
      ahead.connected();
      const refusal = clients.check(open);
      if (refusal !== null) {
        usage.refused("*", refusal);
        run.note(`${refusal.message}. ${refusal.hint}`);
        return clients.canTell(open) ? turnAway(socket, refusal) : void socket.destroy();
      }
      serveSocket(socket, run, leaves);
    },
    warmUp: async () => {
      // The first use of the TLS library's random source takes 30 ms, here on another thread;
      // Deno.startTls would stop everything for as long.
      await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
      if (isClosed) return;
      leaves.makeKey();
      ahead.prepare(routes.certificateNames());
      memory.started();
    },
    close: async () => {
      isClosed = true;
      ahead.close();
      memory.close();
      stalls.close();
      await Promise.all([changes.close(), usage.close(), senders.close()]);
      await routes.close();
      pool.close();
    },
  };
}
