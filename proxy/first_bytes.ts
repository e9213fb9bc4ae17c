/**
 * The first bytes of an accepted connection, collected until they say what it is: the head of its
 * first request, then the hello behind a CONNECT.
 *
 * Both are waited for with the same listeners and without pausing in between: a connection that
 * carries a single request consists of little else.
 *
 * @module
 */
import type net from "node:net";
import { joinBytes } from "../core/join_bytes.ts";
import { Deadline } from "./deadline.ts";

/** What is waited for. */
export interface Awaited {
  /** Is given all bytes that are there whenever more have come; goes on from there when it has enough. */
  readonly look: (bytes: Uint8Array) => void;
  /** Time for it, in milliseconds. */
  readonly patienceMs: number;
  /** Called when the time is over; by default the connection ends. */
  readonly onSilence?: () => void;
}

const NOTHING = new Uint8Array();

/** See the module. */
export class FirstBytes {
  /** Whose bytes they are. */
  readonly socket: net.Socket;
  /** For all that is waited for until the first request can be read. */
  readonly deadline: Deadline = new Deadline();
  #bytes: Uint8Array = NOTHING;
  #look: Awaited["look"] | null = null;
  #isOver = false;

  /** Of a connection that nobody has read from. */
  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", this.#onData);
    // W4: with allowHalfOpen nothing else ends a client that leaves in the middle of its head.
    socket.once("end", this.#giveUp);
    socket.once("close", this.#stop);
  }

  /** Waits for the first thing, or for the next. */
  expect({ look, patienceMs, onSilence = this.#giveUp }: Awaited): void {
    if (this.#isOver) return;
    this.#look = look;
    this.deadline.expect(patienceMs, onSilence);
    if (this.socket.isPaused()) this.socket.resume();
    if (this.#bytes.length > 0) look(this.#bytes);
  }

  /** Nothing has come that was not understood. */
  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Leaves the first `count` bytes out: they were understood. */
  skip(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
  }

  /** Reads no more, until something is expected again; a client that leaves is noticed then. */
  hold(): void {
    this.deadline.end();
    this.#look = null;
    this.socket.pause();
  }

  /** Gives the bytes, and the paused connection with them, to somebody else, who waits no further. */
  take(): Uint8Array {
    this.#stop();
    this.socket.pause();
    return this.#bytes;
  }

  /** The same to somebody who has so long, and then ends {@linkcode deadline}. */
  takeInTime(patienceMs: number, onLate: () => void): Uint8Array {
    this.#detach();
    this.deadline.expect(patienceMs, onLate);
    this.socket.pause();
    return this.#bytes;
  }

  readonly #onData = (data: Uint8Array): void => {
    this.#bytes = this.#bytes.length === 0 ? data : joinBytes([this.#bytes, data]);
    this.#look?.(this.#bytes);
  };

  readonly #giveUp = (): void => {
    this.socket.destroy();
  };

  readonly #stop = (): void => {
    this.#detach();
    this.deadline.end();
  };

  #detach(): void {
    this.#isOver = true;
    this.#look = null;
    this.socket.off("data", this.#onData);
    this.socket.off("end", this.#giveUp);
    this.socket.off("close", this.#stop);
  }
}
