/**
 * Writes frames to a connection in the order in which they were given; those that wait for each other
 * go out together.
 *
 * @module
 */
import { joinBytes } from "../../core/join_bytes.ts";
import { type Duplex, writeAll } from "../duplex.ts";

/** Unsent bytes of frames that nobody waits for: above it the peer is not read either. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Frames are joined up to this size, so that a small one costs no write of its own. */
const MAX_JOINED_BYTES = 64 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: PromiseWithResolvers<void> | null;
}

/** One connection's frames on their way out. */
export class FrameWriter {
  readonly #connection: Duplex;
  readonly #onBroken: () => void;
  #waiting: Waiting[] = [];
  /** What is being written now. */
  #batch: Waiting[] = [];
  #isWriting = false;
  #written = 0;
  #failure: { readonly error: unknown } | null = null;
  /** Bytes of frames that nobody waits for. */
  #unsent = 0;

  /** Writes nothing yet; `onBroken` is told that the connection cannot be written to any more. */
  constructor(connection: Duplex, onBroken: () => void) {
    this.#connection = connection;
    this.#onBroken = onBroken;
  }

  /** The peer does not read what it makes us say. What cannot be written is not waited for. */
  get isFlooded(): boolean {
    return this.#failure === null && this.#unsent > MAX_UNSENT_BYTES;
  }

  /** Nothing can be written any more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** How many writes are done; null while there is none under way. */
  get written(): number | null {
    return this.#isWriting ? this.#written : null;
  }

  /** When everything that was given before has been written, or cannot be. */
  drained(): Promise<void> {
    // A place in the queue: what is given later is not waited for, and may never end.
    return this.write(NOTHING).catch(() => {});
  }

  /** Gives a frame that is written some time. */
  send(bytes: Uint8Array): void {
    if (this.#failure !== null) return;
    this.#unsent += bytes.length;
    this.#add({ bytes, done: null });
  }

  /**
   * Writes frames: the peer's slowness is the caller's.
   *
   * @throws {unknown} what the connection throws.
   */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const done = Promise.withResolvers<void>();
    this.#add({ bytes, done });
    return done.promise;
  }

  /** Takes nothing more; what waits fails with `error`. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    const waiting = this.#waiting;
    this.#waiting = [];
    // Also those that the connection has and does not answer for.
    for (const { done } of [...this.#batch, ...waiting]) done?.reject(error);
  }

  #add(frame: Waiting): void {
    this.#waiting.push(frame);
    if (this.#isWriting) return;
    this.#isWriting = true;
    // A head and its body are given right after each other.
    queueMicrotask(() => void this.#writeOn());
  }

  async #writeOn(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#batch = this.#nextBatch();
      try {
        const bytes = join(batch);
        if (bytes.length > 0) await writeAll(this.#connection, bytes);
        this.#written++;
        for (const { bytes, done } of batch) {
          if (done === null) this.#unsent -= bytes.length;
          else done.resolve();
        }
      } catch (error) {
        this.fail(error);
        this.#onBroken();
      }
    }
    this.#batch = [];
    this.#isWriting = false;
  }

  #nextBatch(): Waiting[] {
    const waiting = this.#waiting;
    let count = 1;
    let bytes = waiting[0]!.bytes.length;
    while (count < waiting.length) {
      bytes += waiting[count]!.bytes.length;
      if (bytes > MAX_JOINED_BYTES) break;
      count++;
    }
    return waiting.splice(0, count);
  }
}

const NOTHING = new Uint8Array();

function join(batch: readonly Waiting[]): Uint8Array {
  return batch.length === 1 ? batch[0]!.bytes : joinBytes(batch.map(({ bytes }) => bytes));
}
