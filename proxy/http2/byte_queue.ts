/**
 * Bytes on their way from something that pushes to something that reads.
 *
 * @module
 */

/** Unread bytes at which the source is held back. */
const HIGH_WATER_BYTES = 256 * 1024;
/** The same in pieces: one of a byte takes the memory of two hundred. */
const HIGH_WATER_PIECES = 1024;

/** A queue with one source and one reader. */
export class ByteQueue {
  readonly #pieces: Uint8Array[] = [];
  #offset = 0;
  #bytes = 0;
  #end: { readonly error: unknown } | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeSource: (() => void) | null = null;

  /** Adds bytes, which belong to the queue from now on; done when there is room for more. */
  async push(...pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#end !== null) return;
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    }
    this.#tellReader();
    if (this.#hasRoom) return;
    await new Promise<void>((resolve) => this.#wakeSource = resolve);
  }

  /** Nothing more comes; with an error, the reader gets it behind the last byte. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#tellReader();
    this.#tellSource();
  }

  /** Fills `buffer` from its start; null at the end. */
  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pieces.length === 0 && this.#end === null) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const piece = this.#pieces[0];
    if (piece !== undefined) return this.#take(piece, buffer);
    if (this.#end?.error !== undefined) throw this.#end.error;
    return null;
  }

  #take(piece: Uint8Array, buffer: Uint8Array): number {
    const count = Math.min(buffer.length, piece.length - this.#offset);
    buffer.set(piece.subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    this.#bytes -= count;
    if (this.#offset === piece.length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
    if (this.#hasRoom) this.#tellSource();
    return count;
  }

  get #hasRoom(): boolean {
    return this.#bytes <= HIGH_WATER_BYTES && this.#pieces.length <= HIGH_WATER_PIECES;
  }

  #tellReader(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = null;
    wake?.();
  }

  #tellSource(): void {
    const wake = this.#wakeSource;
    this.#wakeSource = null;
    wake?.();
  }
}
