/**
 * Bytes on their way from something that pushes to something that reads.
 *
 * @module
 */

/** Unread bytes at which the source is asked to stop, and to go on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

/** A queue with one reader. */
export class ByteQueue {
  /** Told to hold the source back (true) or to let it go on (false). */
  onPressure: ((isFull: boolean) => void) | null = null;
  readonly #pieces: Uint8Array[] = [];
  #offset = 0;
  #bytes = 0;
  #isFull = false;
  #end: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  /** Adds bytes, which belong to the queue from now on. */
  push(piece: Uint8Array): void {
    if (piece.length === 0 || this.#end !== null) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > HIGH_WATER_BYTES) this.#setFull(true);
    this.#wakeReader();
  }

  /** Nothing more comes; with an error, the reader gets it behind the last byte. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wakeReader();
  }

  /** Fills `buffer` from its start; null at the end. */
  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pieces.length === 0 && this.#end === null) {
      await new Promise<void>((resolve) => this.#wake = resolve);
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
    if (this.#bytes < LOW_WATER_BYTES) this.#setFull(false);
    return count;
  }

  #setFull(isFull: boolean): void {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    this.onPressure?.(isFull);
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
