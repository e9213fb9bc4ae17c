/**
 * Opening the outer half of a tunnel: resolve, judge every address, dial the address that was
 * judged. The name is not looked up a second time, so a server that answers differently the second
 * time (DNS rebinding) gains nothing.
 *
 * Behind a corporate proxy the proxy resolves; then only the allow list and addresses given as
 * such are judged here.
 *
 * @module
 */
import { bypassesProxy, type CorporateProxy } from "../../core/corporate_proxy.ts";
import { classifyAddress, mayDial } from "../../core/network_address.ts";
import type { RelayRefusal } from "../relay_protocol.ts";
import type { Target } from "./allow_list.ts";
import { readHead } from "./head.ts";

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** How to get out. */
export interface DialOptions {
  readonly proxy: CorporateProxy | null;
  readonly noProxy: readonly string[];
  readonly resolve: Resolve;
  /** For one address; several are tried one after the other. */
  readonly timeoutMs: number;
}

/** A connection that leads to the target, and bytes the far side already sent. */
export interface Dialled {
  readonly conn: Deno.TcpConn | Deno.TlsConn;
  readonly early: Uint8Array;
}

/** Connects to `target`, or says why not. */
export async function dial(
  target: Target,
  allowPrivate: boolean,
  options: DialOptions,
): Promise<Dialled | RelayRefusal> {
  const literal = classifyAddress(target.host);
  if (literal !== null && !mayDial(literal, allowPrivate)) return "address_not_allowed";
  if (options.proxy !== null && !bypassesProxy(options.noProxy, target.host, target.port)) {
    return await dialThroughProxy(options.proxy, target, options.timeoutMs);
  }
  let addresses: readonly string[];
  try {
    addresses = literal === null ? await options.resolve(target.host) : [target.host];
  } catch {
    return "name_not_resolved";
  }
  if (addresses.length === 0) return "name_not_resolved";
  const permitted = addresses.filter((address) => {
    const kind = classifyAddress(address);
    return kind !== null && mayDial(kind, allowPrivate);
  });
  if (permitted.length === 0) return "address_not_allowed";
  for (const hostname of permitted) {
    const conn = await connect(hostname, target.port, options.timeoutMs);
    if (conn !== null) return { conn, early: new Uint8Array() };
  }
  return "unreachable";
}

async function dialThroughProxy(
  proxy: CorporateProxy,
  target: Target,
  timeoutMs: number,
): Promise<Dialled | RelayRefusal> {
  const tcp = await connectToProxy(proxy, timeoutMs);
  if (tcp === null) return "unreachable";
  let conn: Deno.TcpConn | Deno.TlsConn = tcp;
  // The proxy may accept and then say nothing: closing is what ends the read below.
  const timer = setTimeout(() => closeQuietly(conn), timeoutMs);
  try {
    if (proxy.tls) conn = await Deno.startTls(tcp, { hostname: proxy.host });
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    const authority = `${host}:${target.port}`;
    const authorization = proxy.authorization === null
      ? ""
      : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    await writeAll(
      conn,
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`,
    );
    const head = await readHead(conn);
    if (head === null || !/^HTTP\/1\.[01] 2\d\d(?: |$)/.test(head.start)) {
      closeQuietly(conn);
      return "proxy_refused";
    }
    return { conn, early: head.rest };
  } catch {
    closeQuietly(conn);
    return "proxy_refused";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `localhost` may be `::1` as well, where any program of this machine may listen at the proxy's port: it
 * comes second, and only where nobody listens at 127.0.0.1.
 */
async function connectToProxy(
  { host, port }: CorporateProxy,
  timeoutMs: number,
): Promise<Deno.TcpConn | null> {
  if (host !== "localhost") return await connect(host, port, timeoutMs);
  try {
    return await connectInTime("127.0.0.1", port, timeoutMs);
  } catch (error) {
    const isNobody = error instanceof Deno.errors.ConnectionRefused;
    return isNobody ? await connect("::1", port, timeoutMs) : null;
  }
}

async function connect(
  hostname: string,
  port: number,
  timeoutMs: number,
): Promise<Deno.TcpConn | null> {
  return await connectInTime(hostname, port, timeoutMs).catch(() => null);
}

async function connectInTime(
  hostname: string,
  port: number,
  timeoutMs: number,
): Promise<Deno.TcpConn> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), timeoutMs);
  try {
    const conn = await Deno.connect({ hostname, port, signal: giveUp.signal });
    // Without this a TLS handshake waits for delayed acknowledgements, 40 ms each time.
    conn.setNoDelay(true);
    return conn;
  } finally {
    clearTimeout(timer);
  }
}

/** Writes all of it; `Deno.Conn.write` may take a part. */
export async function writeAll(
  conn: { write(p: Uint8Array): Promise<number> },
  data: string | Uint8Array,
): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let written = 0;
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}

/** Closes what may be closed already. */
export function closeQuietly(closer: { close(): void }): void {
  try {
    closer.close();
  } catch {
    // Closed by the other side's end of the tunnel.
  }
}
