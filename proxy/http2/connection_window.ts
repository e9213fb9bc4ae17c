/**
 * Flow control of a whole connection (RFC 9113 section 5.2), in both directions.
 *
 * @module
 */
import { ConnectionFailure, protocolError } from "./failures.ts";
import { ErrorCode, MAX_WINDOW_BYTES } from "./frame.ts";

/** Every connection begins with it (RFC 9113 section 6.9.2). */
const INITIAL_BYTES = 65_535;
/** Bytes under way on all streams together. */
const RECEIVE_BYTES = 1024 * 1024;

/** Who waits for room. */
export interface Blocked {
  /** It may be worth trying again. */
  wake(): void;
}

/** See the module. */
export class ConnectionWindow {
  readonly #blocked = new Set<Blocked>();
  readonly #onRoom: (bytes: number) => void;
  #sendBytes = INITIAL_BYTES;
  #receivedBytes = 0;

  /** `onRoom` tells the peer that so many bytes more may come, now for the first time. */
  constructor(onRoom: (bytes: number) => void) {
    this.#onRoom = onRoom;
    onRoom(RECEIVE_BYTES - INITIAL_BYTES);
  }

  /** Takes up to `bytes` for what `taker` sends; 0: there is no room. */
  take(bytes: number, taker: Blocked): number {
    const count = Math.min(bytes, this.#sendBytes);
    this.#sendBytes -= count;
    // Something else may have woken it: room that comes later is for those who still wait.
    if (count > 0 && this.#blocked.size > 0) this.forget(taker);
    return count;
  }

  /** Has `waiting` woken when there is room. */
  await(waiting: Blocked): void {
    this.#blocked.add(waiting);
  }

  /** It does not wait any more; what was left to it is for the others. */
  forget(waiting: Blocked): void {
    this.#blocked.delete(waiting);
    this.#wake(this.#sendBytes);
  }

  /** Has everyone look again: other windows than this one have changed. */
  wakeAll(): void {
    this.#wake(this.#blocked.size);
  }

  /**
   * The peer lets in so much more.
   *
   * @throws {ConnectionFailure} when that is nothing, or too much.
   */
  open(bytes: number): void {
    if (bytes === 0) throw protocolError("a window is opened by nothing");
    this.#sendBytes += bytes;
    if (this.#sendBytes > MAX_WINDOW_BYTES) {
      throw new ConnectionFailure(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large");
    }
    this.#wake(this.#sendBytes);
  }

  /**
   * Bytes came. There is room again at once: how much may lie unread is each stream's to say.
   *
   * @throws {ConnectionFailure} when they are more than there was room for.
   */
  receive(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes > RECEIVE_BYTES) {
      throw new ConnectionFailure(ErrorCode.FLOW_CONTROL_ERROR, "more than the window allows");
    }
    if (this.#receivedBytes < RECEIVE_BYTES / 2) return;
    this.#onRoom(this.#receivedBytes);
    this.#receivedBytes = 0;
  }

  /** No more of them than there are bytes: a peer that gives one byte wakes one, not a hundred. */
  #wake(count: number): void {
    for (const waiting of this.#blocked) {
      if (count-- <= 0) return;
      this.#blocked.delete(waiting);
      waiting.wake();
    }
  }
}
