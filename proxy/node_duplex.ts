/**
 * A Node socket as a {@linkcode Duplex}, with real backpressure in both directions.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Duplex } from "./duplex.ts";
import { releaseBuffer } from "./release_buffer.ts";
import type { PeerAddress } from "./socket_table.ts";

/** Unread bytes at which reading from TCP stops, and at which it goes on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

const NO_ROOM = new Uint8Array();

/** The part of a socket's handle that stops the reading; internal to Node and Deno. */
interface Handle {
  readStop?(): void;
  readStart?(): void;
}

/** Wraps `socket`; for a `TLSSocket`, `raw` is the TCP socket beneath it. */
export class NodeDuplex implements Duplex {
  readonly #socket: Socket;
  readonly #raw: Socket;
  readonly #queue: Uint8Array[] = [];
  #offset = 0;
  #queuedBytes = 0;
  #isStopped = false;
  #hasEnded = false;
  #error: Error | null = null;
  /** The read that waits for bytes, and where it wants them. */
  #waiting: PromiseWithResolvers<number | null> | null = null;
  #room: Uint8Array = NO_ROOM;

  /** Starts to read at once, until {@linkcode HIGH_WATER_BYTES} wait. */
  constructor(socket: Socket, raw: Socket = socket) {
    this.#socket = socket;
    this.#raw = raw;
    socket.on("data", (data: Uint8Array) => this.#receive(data));
    socket.on("end", () => this.#finish(null));
    socket.on("close", () => this.#finish(null));
    socket.on("error", (error: Error) => this.#finish(error));
    // A socket that was paused while its first bytes were looked at does not flow by itself.
    if (socket.isPaused()) socket.resume();
  }

  /** See {@linkcode Duplex.address}. */
  get address(): PeerAddress | null {
    const { localPort, remotePort, destroyed } = this.#raw;
    if (destroyed || localPort === undefined || remotePort === undefined) return null;
    return { localPort, remotePort };
  }

  #receive(data: Uint8Array): void {
    this.#queue.push(data);
    this.#queuedBytes += data.length;
    if (this.#queuedBytes > HIGH_WATER_BYTES && !this.#isStopped) {
      this.#isStopped = true;
      // W1: in Deno 2.9.6 pause() on a server TLSSocket does not stop the reading from TCP: a client
      // could push a gigabyte into a stalled upload. Stopping the raw handle does.
      this.#handle?.readStop?.();
    }
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    waiting.resolve(this.#take(data, this.#room));
  }

  get #handle(): Handle | undefined {
    return (this.#raw as unknown as { _handle?: Handle })._handle;
  }

  #finish(error: Error | null): void {
    this.#error ??= error;
    this.#hasEnded = true;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (this.#error === null) waiting?.resolve(null);
    else waiting?.reject(this.#error);
  }

  /** See {@linkcode Duplex.read}. */
  read(buffer: Uint8Array): Promise<number | null> {
    const piece = this.#queue[0];
    if (piece !== undefined) return Promise.resolve(this.#take(piece, buffer));
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#hasEnded) return Promise.resolve(null);
    this.#room = buffer;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  #take(piece: Uint8Array, buffer: Uint8Array): number {
    const count = Math.min(buffer.length, piece.length - this.#offset);
    buffer.set(piece.subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    this.#queuedBytes -= count;
    if (this.#offset === piece.length) {
      this.#queue.shift();
      this.#offset = 0;
      releaseBuffer(piece);
    }
    if (this.#isStopped && this.#queuedBytes < LOW_WATER_BYTES) {
      this.#isStopped = false;
      this.#handle?.readStart?.();
    }
    return count;
  }

  /** See {@linkcode Duplex.write}. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#socket.destroyed) {
      return Promise.reject(this.#error ?? new Error("the connection is closed"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    return promise;
  }

  /** See {@linkcode Duplex.closeWrite}. */
  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => resolve());
    });
  }

  /** See {@linkcode Duplex.close}. */
  close(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  /** See {@linkcode Duplex.reset}. */
  reset(): void {
    // A plain end is how a body without a length ends. TLS ends with a goodbye, or it was cut off.
    if (this.#socket === this.#raw && !this.#raw.destroyed) this.#raw.resetAndDestroy();
    else this.close();
  }
}
