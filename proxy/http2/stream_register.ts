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
  readonly #onRoom: () => void;
  readonly #open = new Map<number, Http2Stream>();
  readonly #reset = new Set<number>();
  #nextId = 1;
  #lastPeerId = 0;

  /** Which side we are, and who is told that there may be room for one more. */
  constructor(isClient: boolean, onRoom: () => void) {
    this.#isClient = isClient;
    this.#onRoom = onRoom;
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
    this.#onRoom();
  }

  /** Our next number; null when all are used. */
  takeId(): number | null {
    const id = this.#nextId;
    if (id > MAX_STREAM_ID) return null;
    this.#nextId += 2;
    return id;
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
