/**
 * The untouched tunnel: bytes go both ways as they come, each direction ends by itself (half-close),
 * and neither side is read faster than the other one takes.
 *
 * @module
 */
import { closeQuietly, cutOff, type Duplex, writeAll } from "./duplex.ts";
import { type ByteReader, EndOfStream } from "./http1/byte_reader.ts";

/** What a quiet direction holds, and what a busy one reads at once, for a fifth less work. */
const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 256 * 1024;
/** Small reads in a row behind which a direction is quiet again. */
const QUIET_READS = 16;

/** One end of a tunnel: the connection, and a reader that may hold bytes of it already. */
export interface TunnelEnd {
  readonly connection: Duplex;
  readonly reader?: ByteReader;
}

/** Copies until both directions have ended or either side broke; closes both. */
export async function tunnel(a: TunnelEnd, b: TunnelEnd): Promise<void> {
  try {
    await Promise.all([copyUntilEnd(a, b.connection), copyUntilEnd(b, a.connection)]);
  } catch {
    // Reset by one side: the other one learns of it in the same way.
    cutOff(a.connection);
    cutOff(b.connection);
  } finally {
    closeQuietly(a.connection);
    closeQuietly(b.connection);
  }
}

async function copyUntilEnd(from: TunnelEnd, to: Duplex): Promise<void> {
  if (from.reader !== undefined) await copyReader(from.reader, to);
  else await copyConnection(from.connection, to);
  await to.closeWrite();
}

async function copyReader(reader: ByteReader, to: Duplex): Promise<void> {
  for (;;) {
    if (reader.buffered > 0) {
      await writeAll(to, reader.buffer.subarray(reader.start, reader.end));
      reader.start = reader.end;
    }
    reader.expectBody();
    try {
      await reader.fill();
    } catch (error) {
      if (error instanceof EndOfStream) return;
      throw error;
    }
  }
}

async function copyConnection(from: Duplex, to: Duplex): Promise<void> {
  let piece = new Uint8Array(SMALL_BYTES);
  let smallReads = 0;
  for (;;) {
    const count = await from.read(piece);
    if (count === null) return;
    await writeAll(to, piece.subarray(0, count));
    smallReads = count < SMALL_BYTES ? smallReads + 1 : 0;
    if (count === piece.length && count < LARGE_BYTES) piece = new Uint8Array(count * 4);
    else if (smallReads >= QUIET_READS && piece.length > SMALL_BYTES) {
      piece = new Uint8Array(SMALL_BYTES);
    }
  }
}
