/**
 * The untouched tunnel: bytes go both ways as they come, each direction ends by itself (half-close),
 * and neither side is read faster than the other one takes.
 *
 * @module
 */
import { closeQuietly, type Duplex, writeAll } from "./duplex.ts";
import { type ByteReader, EndOfStream } from "./http1/byte_reader.ts";

const PIECE_BYTES = 64 * 1024;

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
    // Reset by one side: the other one learns of it by being closed.
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
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await from.read(piece);
    if (count === null) return;
    await writeAll(to, piece.subarray(0, count));
  }
}
