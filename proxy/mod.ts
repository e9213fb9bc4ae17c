/**
 * The proxy of one run: a certificate authority, live routes, credentials, and a door on loopback.
 *
 * @module
 */
import type { ProxyRoutes } from "../core/api.ts";
import type { Secret } from "../core/secret.ts";
import { type CertificateAuthority, createAuthority } from "./certificate_authority.ts";
import { ChangeStream } from "./change_stream.ts";
import type { ConnectTo } from "./connect_to.ts";
import { readCorporateProxies } from "./corporate_proxy.ts";
import { Credentials } from "./credentials.ts";
import type { DaemonAccess } from "./daemon_access.ts";
import { Dialer } from "./dial.ts";
import { readExtraRoots } from "./extra_roots.ts";
import { LeafCertificates } from "./leaf_certificates.ts";
import { listen } from "./listener.ts";
import { ProxySecret } from "./proxy_secret.ts";
import { LiveRoutes } from "./routes.ts";
import type { RunContext } from "./run_context.ts";
import { UpstreamPool } from "./upstream_pool.ts";

/** What a proxy is started with. */
export interface ProxyOptions {
  readonly daemon: DaemonAccess;
  /** The routes when the run begins. */
  readonly routes: ProxyRoutes;
  /** Refuse what no login covers, instead of tunnelling it. */
  readonly denyUnmatched: boolean;
  readonly connectTo: readonly ConnectTo[];
  /** The owner's environment: `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`. Never the child's. */
  readonly readVariable: (name: string) => string | undefined;
  /** Tells the owner something worth knowing. */
  readonly note: (line: string) => void;
}

/** A proxy that accepts connections. */
export interface RunningProxy {
  readonly port: number;
  /** `http://authsome:SECRET@127.0.0.1:PORT`. */
  readonly url: Secret;
  readonly authority: CertificateAuthority;
  /** Closes the door and every connection; nothing of the proxy runs afterwards. */
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1.
 *
 * @throws {UsageError} when a variable of the owner's environment cannot be used.
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { daemon, denyUnmatched, note, readVariable } = options;
  const authority = createAuthority({ hosts: options.routes.known_hosts });
  const leaves = new LeafCertificates(authority);
  const routes = new LiveRoutes(daemon, options.routes, note);
  const pool = new UpstreamPool();
  const secret = new ProxySecret();
  const dialer = new Dialer({
    connectTo: options.connectTo,
    corporate: readCorporateProxies(readVariable),
    extraRoots: () => readExtraRoots(readVariable("SSL_CERT_FILE")),
    daemonPort: () => daemon.port,
  });
  let wasBroken = false;
  const credentials = new Credentials(daemon, () => changes.isOpen);
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
  const run: RunContext = { routes, credentials, dialer, pool, secret, denyUnmatched, note };
  const listener = await listen(run, leaves);
  return {
    port: listener.port,
    url: secret.proxyUrl(listener.port),
    authority,
    close: async () => {
      await Promise.all([changes.close(), listener.close()]);
      pool.close();
    },
  };
}
