/**
 * Gives any byte stream the form of a TCP connection, by way of this machine's loopback.
 *
 * `Deno.startTls` takes TCP connections only, and behind a corporate proxy that is itself spoken to
 * over TLS the stream to the server lies inside another TLS connection.
 *
 * @module
 */
import { closeQuietly, type Duplex } from "./duplex.ts";
import { tunnel } from "./tunnel.ts";

/** A TCP connection whose bytes are those of `inner`; closing it closes `inner`. */
export async function asTcp(inner: Duplex): Promise<Deno.TcpConn> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = listener.addr as Deno.NetAddr;
    const near = await Deno.connect({ hostname: "127.0.0.1", port });
    const far = await acceptFrom(listener, (near.localAddr as Deno.NetAddr).port);
    near.setNoDelay(true);
    far.setNoDelay(true);
    void tunnel({ connection: far }, { connection: inner });
    return near;
  } catch (error) {
    closeQuietly(inner);
    throw error;
  } finally {
    listener.close();
  }
}

/** Any process of this machine may connect in between: only our own end is taken. */
async function acceptFrom(listener: Deno.TcpListener, port: number): Promise<Deno.TcpConn> {
  for (;;) {
    const connection = await listener.accept();
    if ((connection.remoteAddr as Deno.NetAddr).port === port) return connection;
    connection.close();
  }
}
