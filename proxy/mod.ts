/**
 * The proxy of one run: a certificate authority and a door on loopback. What happens behind the door
 * is `engine.ts`, which is loaded when the first connection comes or when there is time for it: a
 * command that ends at once never waits for it.
 *
 * @module
 */
import type { ProxyRoutes } from "../core/api.ts";
import { importLater } from "../core/import_later.ts";
import type { Secret } from "../core/secret.ts";
import { type CertificateAuthority, createAuthority } from "./certificate_authority.ts";
import type { ConnectTo } from "./connect_to.ts";
import { readCorporateProxies } from "./corporate_proxy.ts";
import type { DaemonAccess } from "./daemon_access.ts";
import type { Engine } from "./engine.ts";
import { listen } from "./listener.ts";
import type { Placeholder } from "./placeholders.ts";
import { ProxySecret } from "./proxy_secret.ts";
import type { Timing } from "./timing.ts";

/** What the door needs before anything is known of the run. */
export interface DoorOptions {
  /** Host patterns that the run's authority may sign for. */
  readonly knownHosts: readonly string[];
  /** The owner's environment: `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`. Never the child's. */
  readonly readVariable: (name: string) => string | undefined;
}

/** What serves the connections. */
export interface ServiceOptions {
  readonly daemon: DaemonAccess;
  /** The routes when the run begins. */
  readonly routes: ProxyRoutes;
  /** Refuse what no login covers, instead of tunnelling it. */
  readonly denyUnmatched: boolean;
  readonly connectTo: readonly ConnectTo[];
  /** What the child was given in place of credentials. */
  readonly placeholders: readonly Placeholder[];
  /** Tells the owner something worth knowing. */
  readonly note: (line: string) => void;
  /** What a test does not wait for. */
  readonly timing?: Partial<Timing>;
}

/** A door that listens; connections wait until it is in service. */
export interface ProxyDoor {
  readonly port: number;
  /** `http://authsome:SECRET@127.0.0.1:PORT`. */
  readonly url: Secret;
  readonly authority: CertificateAuthority;
  /** Begins to serve. */
  serve(options: ServiceOptions): void;
  /** Ends what serves the connections; afterwards the daemon hears nothing more of the proxy. */
  endService(): Promise<void>;
  /** Closes the door, too, and every connection; nothing of the proxy runs afterwards. */
  close(): Promise<void>;
}

/** When the engine is loaded although nothing has come yet. */
const WARM_UP_MS = 10;

/**
 * Opens a door on a free port of 127.0.0.1. That takes time of its own, so it can be done while the
 * daemon is still being asked for the grant.
 *
 * @throws {UsageError} when a variable of the owner's environment cannot be used.
 */
export async function openDoor({ knownHosts, readVariable }: DoorOptions): Promise<ProxyDoor> {
  const corporate = readCorporateProxies(readVariable);
  const authority = createAuthority({ hosts: knownHosts });
  const secret = new ProxySecret();
  const service = Promise.withResolvers<ServiceOptions>();
  let loading: Promise<Engine | null> | null = null;
  let running: Engine | null = null;
  let isEnding = false;
  const load = async (): Promise<Engine | null> => {
    const [options, { startEngine }] = await Promise.all([
      service.promise,
      importLater<typeof import("./engine_modules.ts")>("proxy/engine_modules.ts"),
    ]);
    if (isEnding) return null;
    return running = startEngine({ ...options, corporate, authority, secret, readVariable });
  };
  const engine = () => loading ??= load();
  const listener = await listen((socket, open) => {
    engine().then(
      (started) => started === null ? socket.destroy() : started.serve(socket, open),
      () => socket.destroy(),
    );
  });
  let warmUp: ReturnType<typeof setTimeout> | undefined;
  // One that is still being loaded never starts: a command that ended meanwhile does not wait for it.
  let ending: Promise<void> | null = null;
  const endService = () => {
    isEnding = true;
    clearTimeout(warmUp);
    return ending ??= Promise.resolve(running?.close());
  };
  return {
    port: listener.port,
    url: secret.proxyUrl(listener.port),
    authority,
    serve: (options) => {
      service.resolve(options);
      warmUp = setTimeout(() => void engine().then((started) => started?.warmUp()), WARM_UP_MS);
    },
    endService,
    close: async () => {
      await Promise.all([listener.close(), endService()]);
    },
  };
}
