/**
 * A running proxy with a fake daemon, and a client that speaks to it byte by byte.
 *
 * @module
 */
import type { ConnectTo } from "../../proxy/connect_to.ts";
import { openDoor, type ProxyDoor } from "../../proxy/mod.ts";
import type { Placeholder } from "../../proxy/placeholders.ts";
import type { Timing } from "../../proxy/timing.ts";
import { FakeDaemon } from "./fake_daemon.ts";
import { RawConnection } from "./raw_connection.ts";

// The first key of a process takes long enough to outlive a short test (see Engine.warmUp).
await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);

/** What to start. */
export interface TestProxyOptions {
  readonly daemon?: FakeDaemon;
  /** `HOST` (port 443) or `HOST:PORT` → port of a server on 127.0.0.1. */
  readonly servers?: Readonly<Record<string, number>>;
  /** Trusted for upstream TLS, PEM. */
  readonly authorities?: readonly string[];
  readonly denyUnmatched?: boolean;
  readonly placeholders?: readonly Placeholder[];
  readonly variables?: Readonly<Record<string, string>>;
  /** Default: a busy machine, on which everything in this process waits, is no standstill. */
  readonly timing?: Partial<Timing>;
  /** A mistake of the proxy's own is what the test is about. Else it fails the test. */
  readonly hasFaults?: boolean;
}

/** A proxy under test. */
export interface TestProxy {
  readonly proxy: ProxyDoor;
  readonly daemon: FakeDaemon;
  /** What it told its owner. */
  readonly notes: string[];
  /** `Proxy-Authorization: Basic …`, the whole line with its end. */
  readonly authorization: string;
  /** A plain connection to the door. */
  dial(): Promise<RawConnection>;
  /** The answer's head to a CONNECT, and the connection. */
  connect(authority: string, headers?: string): Promise<{ head: string; raw: RawConnection }>;
  /** TLS through a tunnel to `host`:443, trusting the run's authority. */
  tunnel(host: string, options?: TunnelOptions): Promise<RawConnection>;
  close(): Promise<void>;
}

/** How to speak TLS inside a tunnel. */
export interface TunnelOptions {
  /** Server name, and the name the certificate is checked for. Default: the host. */
  readonly serverName?: string;
  /** Default: the run's authority. */
  readonly authorities?: readonly string[];
  readonly protocols?: readonly string[];
  readonly port?: number;
}

/** Starts one. */
export async function startTestProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const daemon = options.daemon ?? new FakeDaemon();
  const notes: string[] = [];
  const directory = await Deno.makeTempDir();
  const roots = `${directory}/roots.pem`;
  await Deno.writeTextFile(roots, (options.authorities ?? []).join("\n"));
  const variables: Record<string, string> = {
    ...((options.authorities ?? []).length > 0 ? { SSL_CERT_FILE: roots } : {}),
    ...options.variables,
  };
  const routes = daemon.snapshot();
  const proxy = await openDoor({
    knownHosts: routes.known_hosts,
    readVariable: (name) => variables[name],
  });
  proxy.serve({
    daemon,
    routes,
    denyUnmatched: options.denyUnmatched ?? false,
    placeholders: options.placeholders ?? [],
    connectTo: Object.entries(options.servers ?? {}).map(([name, addressPort]): ConnectTo => {
      const [host = "", port = "443"] = name.split(":");
      return { host, port: Number(port), address: "127.0.0.1", addressPort };
    }),
    note: (line) => notes.push(line),
    timing: { stalledMs: Infinity, ...options.timing },
  });
  await daemon.streamOpened();
  const { username, password } = new URL(proxy.url.reveal());
  const authorization = `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n`;
  const open = new Set<RawConnection>();
  const dial = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
    conn.setNoDelay(true);
    const raw = new RawConnection(conn);
    open.add(raw);
    return raw;
  };
  const connect = async (authority: string, headers = authorization) => {
    const raw = await dial();
    await raw.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`);
    return { head: await raw.readHead(), raw };
  };
  return {
    proxy,
    daemon,
    notes,
    authorization,
    dial,
    connect,
    tunnel: async (host, tunnelOptions = {}) => {
      const { head, raw } = await connect(`${host}:${tunnelOptions.port ?? 443}`);
      if (!head.startsWith("HTTP/1.1 200")) throw new Error(head);
      open.delete(raw);
      const tls = await Deno.startTls(raw.conn as Deno.TcpConn, {
        hostname: tunnelOptions.serverName ?? host,
        caCerts: [...(tunnelOptions.authorities ?? [proxy.authority.certificatePem])],
        alpnProtocols: [...(tunnelOptions.protocols ?? ["http/1.1"])],
      });
      const secured = new RawConnection(tls);
      open.add(secured);
      await tls.handshake();
      return secured;
    },
    close: async () => {
      for (const connection of open) connection.close();
      await proxy.close();
      await Deno.remove(directory, { recursive: true });
      const faults = notes.filter((line) => line.startsWith("a mistake in authsome"));
      if (options.hasFaults !== true && faults.length > 0) throw new Error(faults.join("\n"));
    },
  };
}
