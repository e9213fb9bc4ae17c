/**
 * How a connection ends on the wire: what was said last goes out, and a peer that is told what it did
 * wrong gets to read that.
 *
 * @module
 */
import { closeQuietly, type Duplex } from "../duplex.ts";
import type { FrameWriter } from "./frame_writer.ts";

/** For a peer that does not even read why the connection ends, and for what a broken one has to say. */
export const GOODBYE_MS = 1000;
/** Taken of what such a peer still says. */
const FORGOTTEN_BYTES = 1024 * 1024;

/** A connection that is over. */
export interface Parting {
  readonly connection: Duplex;
  readonly writer: FrameWriter;
  /** When nobody reads it any more. */
  readonly reading: Promise<void>;
}

/** Ends it behind what was written last, in a second at most; `isBlamed`: that says what the peer did. */
export function partFrom(parting: Parting, { isBlamed }: { readonly isBlamed: boolean }): void {
  const timer = setTimeout(() => cut(parting), GOODBYE_MS);
  void parting.writer.drained().then(async () => {
    // TCP throws away what was sent when bytes come for a socket that is closed: a peer that is told
    // what it did wrong must be able to read that.
    if (isBlamed) await linger(parting);
    cut(parting);
  }).finally(() => clearTimeout(timer));
}

/** Ends it at once. */
export function cut({ connection, writer }: Pick<Parting, "connection" | "writer">): void {
  closeQuietly(connection);
  writer.fail(new Error("the connection ended"));
}

/** Reads on until the peer ends, within limits, and forgets what it says. */
async function linger({ connection, reading }: Parting): Promise<void> {
  try {
    await connection.closeWrite();
    await reading;
    const forgotten = new Uint8Array(64 * 1024);
    for (let left = FORGOTTEN_BYTES; left > 0;) {
      left -= await connection.read(forgotten) ?? Infinity;
    }
  } catch { /* it has ended */ }
}
