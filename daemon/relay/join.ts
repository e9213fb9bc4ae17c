/**
 * Joining two connections into a tunnel: each direction copies through one buffer (so a slow reader
 * holds the writer back), one side's end closes only that direction, and silence ends both.
 *
 * @module
 */
import { closeQuietly, type Dialled, writeAll } from "./dial.ts";

/** Bytes copied, reported as they pass. */
export interface JoinObserver {
  up(bytes: number): void;
  down(bytes: number): void;
}

const BUFFER_BYTES = 16_384;

/** Copies until both directions have ended, one has failed, or nothing passed for `idleMs`. */
export async function join(
  inner: Deno.TcpConn,
  early: Uint8Array,
  outer: Dialled,
  observer: JoinObserver,
  idleMs: number,
): Promise<void> {
  const closeBoth = () => {
    closeQuietly(inner);
    closeQuietly(outer.conn);
  };
  let timer = setTimeout(closeBoth, idleMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(closeBoth, idleMs);
  };
  try {
    await writeAll(outer.conn, early);
    await writeAll(inner, outer.early);
    observer.up(early.length);
    observer.down(outer.early.length);
    await Promise.all([
      copy(inner, outer.conn, (bytes) => (alive(), observer.up(bytes))),
      copy(outer.conn, inner, (bytes) => (alive(), observer.down(bytes))),
    ]);
  } catch {
    // A reset on either side ends the tunnel; TLS above it tells a cut from an end.
  } finally {
    clearTimeout(timer);
    closeBoth();
  }
}

async function copy(
  from: Deno.TcpConn | Deno.TlsConn,
  to: Deno.TcpConn | Deno.TlsConn,
  passed: (bytes: number) => void,
): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    await writeAll(to, buffer.subarray(0, count));
    passed(count);
  }
  // Half-close: the other direction may still have something to say.
  await to.closeWrite();
}
