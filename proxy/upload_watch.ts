/**
 * Ends uploads that stand still: the server takes nothing more and says nothing.
 *
 * Nothing is read from a client whose bytes nobody takes, and so nobody sees it leave: Deno tells the
 * end of a connection to who reads it. The system's table of sockets does tell, on Linux. Elsewhere,
 * and for a client that stays, there is a limit to the standing still, as other proxies have.
 *
 * @module
 */
import type { Duplex } from "./duplex.ts";
import { Refusal } from "./fail_closed.ts";
import type { Forward } from "./forward.ts";
import type { ByteReader } from "./http1/byte_reader.ts";
import { SocketTable } from "./socket_table.ts";
import type { Timing } from "./timing.ts";

/** A body on its way from a client to a server. */
export interface Upload {
  readonly client: Duplex;
  /** Reader of the client's connection. */
  readonly reader: ByteReader;
  /** Reader of the server's connection. */
  readonly answer: ByteReader;
  readonly forward: Pick<Forward, "authority">;
}

interface Watched extends Upload {
  readonly end: (error: Error) => void;
  /** Bytes that had come from both sides at the last look. */
  bytes: number;
  /** Looks since a byte came. */
  stillLooks: number;
}

/** The uploads of one run. */
export class UploadWatch {
  readonly #timing: Pick<Timing, "uploadLookMs" | "uploadStuckMs">;
  readonly #uploads = new Set<Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The looks under way. */
  #looking: Promise<unknown> = Promise.resolve();

  /** Nothing is watched. */
  constructor(timing: Pick<Timing, "uploadLookMs" | "uploadStuckMs">) {
    this.#timing = timing;
  }

  /** Has `end` called when the upload stands still for good; what it returns ends the watch. */
  watch(upload: Upload, end: (error: Error) => void): () => void {
    const watched: Watched = { ...upload, end, bytes: -1, stillLooks: 0 };
    this.#uploads.add(watched);
    this.#timer ??= this.#start();
    return () => void this.#uploads.delete(watched);
  }

  /** Watches no more; resolves when nothing of it runs. */
  async close(): Promise<void> {
    this.#rest();
    this.#uploads.clear();
    await this.#looking;
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      this.#looking = Promise.all([this.#looking, this.#look()]);
    }, this.#timing.uploadLookMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  async #look(): Promise<void> {
    // The next one starts it again: uploads that come and go cost no timer each.
    if (this.#uploads.size === 0) return this.#rest();
    const still = [...this.#uploads].filter(standsStill);
    if (still.length === 0) return;
    const table = await SocketTable.read();
    const mostLooks = this.#timing.uploadStuckMs / this.#timing.uploadLookMs;
    for (const upload of still) {
      // It may have gone on while the table was read.
      if (!this.#uploads.has(upload) || bytesOf(upload) !== upload.bytes) continue;
      const { client: { address }, forward: { authority } } = upload;
      const isGone = address === null || (address !== undefined && table.hasLeft(address));
      if (!isGone && upload.stillLooks < mostLooks) continue;
      this.#uploads.delete(upload);
      upload.end(isGone ? new Error("the client has left") : stuck(authority));
    }
  }
}

/** Whether nothing has moved since the last look, and it is not the client who is waited for. */
function standsStill(upload: Watched): boolean {
  const bytes = bytesOf(upload);
  const isStill = bytes === upload.bytes && !upload.reader.isReading;
  upload.bytes = bytes;
  upload.stillLooks = isStill ? upload.stillLooks + 1 : 0;
  return isStill;
}

function bytesOf({ reader, answer }: Upload): number {
  return reader.totalBytes + answer.totalBytes;
}

function stuck(authority: string): Refusal {
  return new Refusal(
    504,
    "EndpointUnreachableError",
    `Cannot send the request to ${authority}: the server took nothing of its body for too long`,
  );
}
