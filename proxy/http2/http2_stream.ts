/**
 * One stream (RFC 9113 section 5): heads, a body and trailers in both directions, each held back by
 * whoever reads on the other side.
 *
 * A body that broke off never ends: reading it fails.
 *
 * @module
 */
import { BodyLength } from "./body_length.ts";
import { fieldBytes, type FieldLine } from "./hpack/field_line.ts";
import { type EndedBy, StreamFailure } from "./failures.ts";
import { ErrorCode, FrameType, MAX_WINDOW_BYTES, writeNumbers } from "./frame.ts";
import { ReceivedBody } from "./received_body.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** A stream was whole on both sides before. */
  readonly hasWorked: boolean;
  /** Sends a frame some time. */
  send(bytes: Uint8Array): void;
  /** Sends a head, or trailers, some time. */
  sendFields(streamId: number, fields: readonly FieldLine[], endStream: boolean): void;
  /** Sends DATA; done when it is written. */
  sendData(streamId: number, payload: Uint8Array, endStream: boolean): Promise<void>;
  /** Takes up to `bytes` from the connection's window; 0: there is none. */
  takeWindow(bytes: number, stream: Http2Stream): number;
  /** When everything that was given before is written, or cannot be. */
  drained(): Promise<void>;
  /** Has {@linkcode Http2Stream.wake} called when the connection's window opens. */
  awaitWindow(stream: Http2Stream): void;
  /** The stream has ended. */
  forget(stream: Http2Stream, end: StreamEnd): void;
}

/** A head that was received. */
export interface ReceivedHead {
  readonly fields: readonly FieldLine[];
  /** It is all of the message. */
  readonly endStream: boolean;
  /** It was longer than we take, and is not here. */
  readonly isTooLarge: boolean;
}

/** How a stream ended. */
export interface StreamEnd {
  /** NO_ERROR, when both sides said all that they had to say. */
  readonly code: number;
  readonly by: EndedBy;
}

/** Bytes that are taken for one write. */
const MAX_PIECE_BYTES = 64 * 1024;

/** See the module. */
export class Http2Stream {
  /** Its number. */
  readonly id: number;
  /** Its connection had worked before. */
  readonly isOnUsed: boolean;
  /** The received body, and the trailers behind it. */
  readonly body: ReceivedBody;
  /** When it has ended, and how; never rejects. */
  readonly ended: Promise<StreamEnd>;
  readonly #host: StreamHost;
  readonly #heads: ReceivedHead[] = [];
  readonly #settleEnd: (end: StreamEnd) => void;
  #onHead: PromiseWithResolvers<ReceivedHead> | null = null;
  #windowBytes: number;
  #wake: (() => void) | null = null;
  readonly #length = new BodyLength();
  #hasFinalAnswer = false;
  #hasFinalHead = false;
  /** What we asked with, on the client's side. */
  #method: string | null = null;
  #isSent = false;
  #isReceived = false;
  #end: StreamEnd | null = null;

  /** `windowBytes` that may be sent before the peer says more. */
  constructor(id: number, host: StreamHost, windowBytes: number, receiveBytes: number) {
    this.id = id;
    this.isOnUsed = host.hasWorked;
    this.#host = host;
    this.#windowBytes = windowBytes;
    const { promise, resolve } = Promise.withResolvers<StreamEnd>();
    this.ended = promise;
    this.#settleEnd = resolve;
    this.body = new ReceivedBody(receiveBytes, (bytes) => {
      if (this.#isReceived || this.#end !== null) return;
      host.send(writeNumbers(FrameType.WINDOW_UPDATE, id, bytes));
    });
  }

  /** It is over: nothing more is sent or received. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** The final head of an answer was sent. */
  get hasFinalAnswer(): boolean {
    return this.#hasFinalAnswer;
  }

  /** All that we had to say is said. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** All of the message was received, if not read. */
  get isReceived(): boolean {
    return this.#isReceived;
  }

  /** Both sides have said all that they had to say. */
  get isWhole(): boolean {
    return this.#isSent && this.#isReceived;
  }

  /**
   * The next head: interim ones, then the final one.
   *
   * @throws {StreamFailure} when the stream ends first.
   */
  readHead(): Promise<ReceivedHead> {
    const head = this.#heads.shift();
    if (head !== undefined) return Promise.resolve(head);
    if (this.#end !== null) return Promise.reject(failureOf(this.#end));
    this.#onHead = Promise.withResolvers();
    return this.#onHead.promise;
  }

  /** Sends a head; nothing once the stream has ended. */
  sendHead(fields: readonly FieldLine[], { endStream = false } = {}): void {
    if (this.#end !== null || this.#isSent) return;
    const [first, value = ""] = fields[0] ?? [];
    if (first === ":status" && !value.startsWith("1")) this.#hasFinalAnswer = true;
    this.#method ??= fields.find(([name]) => name === ":method")?.[1] ?? null;
    this.#host.sendFields(this.id, fields, endStream);
    if (endStream) this.#finishSending();
  }

  /** Sends an interim head; done when it is written, or cannot be. */
  async sendInterimHead(fields: readonly FieldLine[]): Promise<void> {
    this.sendHead(fields);
    await this.#host.drained();
  }

  /**
   * Sends a piece of the body; done when the peer has let it in and it is written.
   *
   * @throws {StreamFailure} when the stream has ended.
   */
  async write(bytes: Uint8Array, { endStream = false } = {}): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const count = await this.#takeWindow(Math.min(bytes.length - at, MAX_PIECE_BYTES));
      const isLast = endStream && at + count === bytes.length;
      const written = this.#host.sendData(this.id, bytes.subarray(at, at + count), isLast);
      at += count;
      if (isLast) this.#finishSending();
      try {
        await written;
      } catch {
        // What the peer said before the connection broke is read first: it may say why.
        throw failureOf(await this.ended);
      }
    }
    if (endStream && bytes.length === 0) this.finish();
  }

  /** Ends what is sent, with trailers where there are any. */
  finish(trailers: readonly FieldLine[] = []): void {
    if (this.#end !== null || this.#isSent) return;
    if (trailers.length > 0) return this.sendHead(trailers, { endStream: true });
    // Nobody waits for an empty frame; a failure is told to whoever reads.
    this.#host.sendData(this.id, NOTHING, true).catch(() => {});
    this.#finishSending();
  }

  /** Ends both directions at once. */
  reset(code: number): void {
    if (this.#end !== null) return;
    this.#host.send(writeNumbers(FrameType.RST_STREAM, this.id, code));
    this.fail({ code, by: "us" });
  }

  /** For the connection: the final head has come. */
  get hasFinalHead(): boolean {
    return this.#hasFinalHead;
  }

  /** For the connection: heads that nobody has read. */
  get waitingHeads(): number {
    return this.#heads.length;
  }

  /** For the connection: what they count, as lists are limited (RFC 9113 section 6.5.2). */
  get waitingHeadBytes(): number {
    return this.#heads.flatMap(({ fields }) => fields)
      .reduce((sum, [name, value]) => sum + fieldBytes(name.length, value.length), 0);
  }

  /** For the connection: a head came; false when it makes the message malformed. */
  receiveHead(head: ReceivedHead): boolean {
    const isAnswer = this.#method !== null;
    const status = isAnswer ? head.fields[0]?.[1] ?? "" : "";
    const isInterim = status.startsWith("1");
    if (isInterim && head.endStream) return false;
    if (!isInterim) {
      this.#hasFinalHead = true;
      // RFC 9110 section 9.3.6: behind CONNECT a length means nothing, the bytes are not a body.
      const isTunnel = this.#method === "CONNECT" && status.startsWith("2");
      if (!isTunnel && !this.#length.expect(head.fields)) return false;
      if (this.#method === "HEAD" || status === "204" || status === "304") {
        this.#length.expectNone();
      }
    }
    if (head.endStream && !this.#length.isWhole) return false;
    const waiting = this.#onHead;
    this.#onHead = null;
    if (waiting === null) this.#heads.push(head);
    else waiting.resolve(head);
    return !head.endStream || this.receiveEnd([]);
  }

  /** For the connection: DATA came, and padding; how that was wrong, or null. */
  receiveData(data: Uint8Array, paddingBytes: number): number | null {
    if (!this.#hasFinalHead || !this.#length.take(data.length)) return ErrorCode.PROTOCOL_ERROR;
    const hasRoom = this.body.receive(data) && this.body.skip(paddingBytes);
    return hasRoom ? null : ErrorCode.FLOW_CONTROL_ERROR;
  }

  /** For the connection: the message ends; false when it is not whole. */
  receiveEnd(trailers: readonly FieldLine[]): boolean {
    if (!this.#length.isWhole) return false;
    this.#isReceived = true;
    this.body.end(trailers);
    this.#settle();
    return true;
  }

  /** For the connection: the window opens, or, after SETTINGS, shrinks; false: by too much. */
  openWindow(bytes: number): boolean {
    this.#windowBytes += bytes;
    if (this.#windowBytes > MAX_WINDOW_BYTES) return false;
    this.wake();
    return true;
  }

  /** For the connection: the stream is over, by a reset of either side or with the connection. */
  fail(end: StreamEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const failure = failureOf(end);
    // What was whole before stays readable.
    if (!this.#isReceived) this.body.fail(failure);
    this.#onHead?.reject(failure);
    this.#onHead = null;
    this.wake();
    this.#host.forget(this, end);
    this.#settleEnd(end);
  }

  /** For the connection: it may be worth trying to send again. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  async #takeWindow(bytes: number): Promise<number> {
    for (;;) {
      if (this.#end !== null) throw failureOf(this.#end);
      if (this.#isSent) throw new StreamFailure(ErrorCode.STREAM_CLOSED, "us", "it was ended");
      if (this.#windowBytes > 0) {
        const count = this.#host.takeWindow(Math.min(bytes, this.#windowBytes), this);
        this.#windowBytes -= count;
        if (count > 0) return count;
        this.#host.awaitWindow(this);
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #finishSending(): void {
    this.#isSent = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isSent || !this.#isReceived || this.#end !== null) return;
    this.#end = { code: ErrorCode.NO_ERROR, by: "peer" };
    this.#host.forget(this, this.#end);
    this.#settleEnd(this.#end);
  }
}

function failureOf({ code, by }: StreamEnd): StreamFailure {
  return new StreamFailure(code, by, WORDS[by]);
}

const WORDS: Readonly<Record<EndedBy, string>> = {
  us: "the stream was cancelled",
  peer: "the stream was reset",
  connection: "the stream lost its connection",
  silence: "the server does not answer any more",
};

const NOTHING = new Uint8Array();
