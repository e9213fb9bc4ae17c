/**
 * The untouched tunnel: bytes go both ways as they come, each direction ends by itself (half-close),
 * and neither side is read faster than the other one takes.
 *
 * @module
 */
import { closeQuietly, cutOff, type Duplex } from "./duplex.ts";
import { type ByteReader, EndOfStream } from "./http1/byte_reader.ts";
import type { Passage, SenderWatch } from "./sender_watch.ts";

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

/**
 * Copies until both directions have ended or either side broke; closes both. `watch` notices that one
 * of them leaves while the other one does not read.
 */
export async function tunnel(a: TunnelEnd, b: TunnelEnd, watch?: SenderWatch): Promise<void> {
  // Reset by one side: the other one learns of it in the same way.
  const breakOff = () => {
    cutOff(a.connection);
    cutOff(b.connection);
  };
  const directions = [
    new Direction(a, b.connection, breakOff),
    new Direction(b, a.connection, breakOff),
  ] as const;
  directions[0].opposite = directions[1];
  directions[1].opposite = directions[0];
  const unwatch = watch === undefined ? [] : directions.map((one) => watch.watch(one));
  try {
    await Promise.all(directions.map((one) => one.copyUntilEnd()));
  } catch {
    breakOff();
  } finally {
    for (const end of unwatch) end();
    closeQuietly(a.connection);
    closeQuietly(b.connection);
  }
}

/** From one end to the other. */
class Direction implements Passage {
  readonly sender: Duplex;
  readonly receiver: Duplex;
  readonly onLeft: () => void;
  opposite: Direction | undefined;
  /** The sender has ended its half. */
  isOver = false;
  readonly #reader: ByteReader | undefined;
  /** Writes that were begun. */
  #writes = 0;
  #isReading = false;

  constructor({ connection, reader }: TunnelEnd, to: Duplex, onLeft: () => void) {
    this.sender = connection;
    this.receiver = to;
    this.onLeft = onLeft;
    this.#reader = reader;
  }

  /** See {@linkcode Passage}; null also where the system's table would say of who stays that it left. */
  get mark(): number | null {
    // A server has said all, and what it said is the client's. A client that has ended its half waits.
    const hasSaidAll = this.isOver && this.sender.address === undefined;
    // The system forgets a connection whose halves have both ended, read to their end or not.
    const hasBeenEnded = this.opposite?.isOver === true;
    return this.#isReading || hasSaidAll || hasBeenEnded ? null : this.#writes;
  }

  async copyUntilEnd(): Promise<void> {
    if (this.#reader !== undefined) await this.#copyReader(this.#reader);
    else await this.#copyConnection();
    this.isOver = true;
    await this.receiver.closeWrite();
  }

  async #copyReader(reader: ByteReader): Promise<void> {
    for (;;) {
      if (reader.buffered > 0) {
        await this.#write(reader.buffer.subarray(reader.start, reader.end));
        reader.start = reader.end;
      }
      reader.expectBody();
      this.#isReading = true;
      try {
        await reader.fill();
      } catch (error) {
        if (error instanceof EndOfStream) return;
        throw error;
      } finally {
        this.#isReading = false;
      }
    }
  }

  async #copyConnection(): Promise<void> {
    let piece = new Uint8Array(SMALL_BYTES);
    let smallReads = 0;
    for (;;) {
      this.#isReading = true;
      const count = await this.sender.read(piece);
      this.#isReading = false;
      if (count === null) return;
      await this.#write(piece.subarray(0, count));
      smallReads = count < SMALL_BYTES ? smallReads + 1 : 0;
      if (count === piece.length && count < LARGE_BYTES) piece = new Uint8Array(count * 4);
      else if (smallReads >= QUIET_READS && piece.length > SMALL_BYTES) {
        piece = new Uint8Array(SMALL_BYTES);
      }
    }
  }

  /** Each part that the system takes is a step. */
  #write(bytes: Uint8Array): Promise<void> {
    this.#writes++;
    return this.receiver.write(bytes).then((written) =>
      written < bytes.length ? this.#write(bytes.subarray(written)) : undefined
    );
  }
}
