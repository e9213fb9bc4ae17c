/**
 * A byte stream in both directions: what `Deno.Conn` and `Deno.TlsConn` are, and what
 * `node_duplex.ts` makes of a Node socket. Everything that copies bytes works on this.
 *
 * @module
 */
import type { PeerAddress } from "./socket_table.ts";

/** A connection as the engine sees it. Writing waits until the peer has room: that is backpressure. */
export interface Duplex {
  /** Fills `buffer` from its start; the number of bytes, or `null` once the peer has ended. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Says that nothing more will be written; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends both directions at once. */
  close(): void;
  /** The same, and the peer sees that it was cut off; left out where {@linkcode close} says that. */
  reset?(): void;
  /** Its two ends, of a client on loopback; null once it is closed. */
  readonly address?: PeerAddress | null;
}

/** Writes all of `bytes`. */
export function writeAll(connection: Duplex, bytes: Uint8Array): Promise<void> {
  // Nearly always one write, for which an async function would allocate more than all the rest.
  return connection.write(bytes).then((written) =>
    written < bytes.length ? writeAll(connection, bytes.subarray(written)) : undefined
  );
}

/** Closes, and does not mind that it is closed already. */
export function closeQuietly(connection: { close(): void } | null | undefined): void {
  try {
    connection?.close();
  } catch { /* closed before */ }
}

/** Ends what did not come to its end: the peer must not take it for whole. */
export function cutOff(connection: Duplex): void {
  if (connection.reset === undefined) closeQuietly(connection);
  else connection.reset();
}
