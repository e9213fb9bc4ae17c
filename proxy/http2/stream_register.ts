/**
 * The streams of one connection, and what may be said of their numbers (RFC 9113 section 5.1.1).
 *
 * @module
 */
import { ConnectionFailure, protocolError } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import type { Http2Stream } from "./http2_stream.ts";

/** Streams that we reset a short time ago: what was under way meanwhile is no fault of the peer's. */
const REMEMBERED_RESETS = 1000;
const MAX_STREAM_ID = 0x7fffffff;

/** See the module. */
export class StreamRegister {
  readonly #isClient: boolean;
  readonly #open = new Map<number, Http2Stream>();
  readonly #reset = new Set<number>();
  readonly #waiting = new Set<() => void>();
  #nextId = 1;
  #lastPeerId = 0;

  /** Which side we are. */
  constructor(isClient: boolean) {
    this.#isClient = isClient;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The highest number that the peer has used. */
  get lastPeerId(): number {
    return this.#lastPeerId;
  }

  /** The open stream of that number. */
  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  /** The open streams as they are now. */
  all(): readonly Http2Stream[] {
    return [...this.#open.values()];
  }

  /** Keeps an open stream. */
  add(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
  }

  /** It has ended; `isReset`: by us, before it was whole. */
  remove(id: number, { isReset }: { readonly isReset: boolean }): void {
    this.#open.delete(id);
    if (isReset) this.#reset.add(id);
    if (this.#reset.size > REMEMBERED_RESETS) {
      for (const oldest of this.#reset) {
        this.#reset.delete(oldest);
        break;
      }
    }
    this.wakeNext();
  }

  /** Our next number; null when all are used. */
  takeId(): number | null {
    const id = this.#nextId;
    if (id > MAX_STREAM_ID) return null;
    this.#nextId += 2;
    return id;
  }

  /** When it is worth looking again whether a stream may be opened, or its time or use is over. */
  awaitFree(waitMs: number, abandoned?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      // Rounded up: one that came a moment early would have to wait again.
      const timer = setTimeout(wake, Math.ceil(waitMs) + 1);
      this.#waiting.add(wake);
      void abandoned?.then(wake);
    });
  }

  /** Has the next one look again who waits for a stream. */
  wakeNext(): void {
    for (const wake of this.#waiting) return wake();
  }

  /** Has everyone look again who waits for a stream. */
  wakeAll(): void {
    for (let left = this.#waiting.size; left > 0; left--) this.wakeNext();
  }

  /**
   * Takes a number for a stream that the peer opens; false for one that we have reset.
   *
   * @throws {ConnectionFailure} for one that it may not use.
   */
  acceptId(id: number): boolean {
    if (this.#reset.has(id)) return false;
    // Nothing is pushed: clients alone open streams.
    if (this.#isClient || id % 2 === 0) throw protocolError("HEADERS on a stream of its own");
    if (id <= this.#lastPeerId) {
      throw new ConnectionFailure(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream");
    }
    this.#lastPeerId = id;
    return true;
  }

  /**
   * A frame came for a stream that is not open: too late is no fault, too early is one.
   *
   * @throws {ConnectionFailure} where it is.
   */
  requireKnown(id: number, { isData = false } = {}): void {
    const isOurs = (id % 2 === 1) === this.#isClient;
    if (id === 0 || id >= (isOurs ? this.#nextId : this.#lastPeerId + 1)) {
      throw protocolError("a frame of a stream that was never opened");
    }
    if (!isData || this.#reset.has(id)) return;
    throw new ConnectionFailure(ErrorCode.STREAM_CLOSED, "DATA on a closed stream");
  }
}
