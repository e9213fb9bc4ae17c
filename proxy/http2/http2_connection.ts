/**
 * One HTTP/2 connection (RFC 9113), from either side: opens and ends streams, and itself. What the
 * peer's frames mean is in `incoming_frames.ts`.
 *
 * Our own, because Deno 2.9.6's `node:http2` damages the memory of the process that holds the
 * credentials (docs/adr/0014). What a proxy does not need is not here: push, priorities, a dynamic
 * table for what we send.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { ConnectionWindow } from "./connection_window.ts";
import { ConnectionFailure, type EndedBy, TooManyStreams } from "./failures.ts";
import {
  ErrorCode,
  FrameType,
  PREFACE,
  SettingId,
  writeData,
  writeFrame,
  writeHeaders,
  writeNumbers,
  writeSettings,
} from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { cut, GOODBYE_MS, partFrom, type Parting } from "./goodbye.ts";
import { encodeFields, NO_TABLE } from "./hpack/encode_fields.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { CompressionError } from "./hpack/hpack_decoder.ts";
import { Http2Stream, type StreamEnd, type StreamHost } from "./http2_stream.ts";
import { type FrameHost, IncomingFrames, type IncomingOptions } from "./incoming_frames.ts";
import { PeerSettings } from "./peer_settings.ts";
import { type SilenceTiming, SilenceWatch } from "./silence_watch.ts";
import { StreamRegister } from "./stream_register.ts";
import { WaitingLine } from "./waiting_line.ts";

/** Which side we are, and what we allow. */
export interface Http2Options extends IncomingOptions {
  readonly role: "client" | "server";
  /** Is given what ended the reading, unless the peer ended it. */
  readonly onFailed?: (error: unknown) => void;
  /** How long a peer may be silent while calls wait for it; without it, for ever. */
  readonly silence?: SilenceTiming;
  /** Where requests wait for a stream, on this connection or another one that is as good. */
  readonly line?: WaitingLine;
}

/** Unread bytes of one stream. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const PING = writeFrame(FrameType.PING, 0, 0, new Uint8Array(8));

/** How to ask. */
export interface OpenOptions {
  /** The head is all of the request. */
  readonly endStream: boolean;
  /** How long it waits for the peer to allow one more. */
  readonly waitMs?: number;
}

/** As long as for a place in the pool of HTTP/1.1 connections. */
const WAIT_MS = 30_000;

/** See the module. */
export class Http2Connection implements StreamHost {
  readonly #connection: Duplex;
  readonly #options: Http2Options;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #frames: IncomingFrames;
  readonly #peer: PeerSettings;
  readonly #streams: StreamRegister;
  readonly #line: WaitingLine;
  readonly #window: ConnectionWindow;
  readonly #settled = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #silence: SilenceWatch | null;
  readonly #reading: Promise<void>;
  #isSettled = false;
  #hasSentFields = false;
  #takesNoStreams = false;
  #awaitsCalm = false;
  #hasEnded = false;
  #hasWorked = false;
  #breaking: ReturnType<typeof setTimeout> | undefined;

  /** Over `connection`, which belongs to it from now on; begins at once. */
  constructor(connection: Duplex, options: Http2Options) {
    this.#connection = connection;
    this.#options = options;
    this.#reader = new FrameReader(connection);
    this.#writer = new FrameWriter(connection, () => this.#break());
    this.#peer = new PeerSettings({ isServer: options.role === "client" });
    const line = this.#line = options.line ?? new WaitingLine();
    this.#streams = new StreamRegister(options.role === "client", () => line.wakeNext());
    this.#greet();
    this.#window = new ConnectionWindow((bytes) =>
      this.#writer.send(writeNumbers(FrameType.WINDOW_UPDATE, 0, bytes))
    );
    this.#frames = new IncomingFrames(options, this.#frameHost());
    this.#silence = options.silence === undefined ? null : this.#watchSilence(options.silence);
    this.#reading = this.#readOn();
  }

  /** When the peer's first SETTINGS have come, or the connection has ended. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** When it has ended, in whatever way. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** It is over. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Of {@linkcode StreamHost}. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** No stream is open. */
  get isIdle(): boolean {
    return this.#streams.size === 0;
  }

  /** The peer was asked whether it is there, and takes its time to say so. */
  get isInDoubt(): boolean {
    return this.#silence?.isInDoubt ?? false;
  }

  /** A stream may be opened now: one, as long as the peer has not said how many it allows. */
  get hasRoom(): boolean {
    if (this.takesNoStreams || this.#streams.size >= (this.#isSettled ? this.maxStreams : 1)) {
      return false;
    }
    // A peer that does not even read what we have said before gets no more of it.
    if (this.#writer.isFlooded) this.#awaitCalm();
    return !this.#awaitsCalm;
  }

  /** Streams that the peer allows at a time, as far as it has said so. */
  get maxStreams(): number {
    return this.#peer.maxStreams;
  }

  /** The peer takes CONNECT with a protocol (RFC 8441), as far as it has said so. */
  get hasExtendedConnect(): boolean {
    return this.#peer.hasExtendedConnect;
  }

  /** New streams need another connection: the peer goes away, or all numbers are used. */
  get takesNoStreams(): boolean {
    return this.#takesNoStreams || this.#hasEnded || this.#writer.hasFailed;
  }

  /**
   * Sends a request's head as soon as the peer allows one more stream; null when it will not.
   *
   * @throws {TooManyStreams} when the peer allows none for `waitMs`.
   */
  async open(
    fields: readonly FieldLine[],
    { endStream, waitMs = WAIT_MS }: OpenOptions,
  ): Promise<Http2Stream | null> {
    const until = performance.now() + waitMs;
    const wait = this.#line.waiter();
    while (!this.takesNoStreams && !this.hasRoom) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new TooManyStreams();
      await wait(leftMs);
    }
    return this.tryOpen(fields, { endStream });
  }

  /**
   * Sends a request's head now; null when that may not be. A stream has its number and is known to the
   * peer in the same moment: later numbers never come first.
   */
  tryOpen(
    fields: readonly FieldLine[],
    { endStream }: Pick<OpenOptions, "endStream">,
  ): Http2Stream | null {
    if (!this.hasRoom) return null;
    const id = this.#streams.takeId();
    if (id === null) {
      this.#takesNoStreams = true;
      this.#closeIfDone();
      return null;
    }
    const stream = this.#add(id);
    try {
      stream.sendHead(fields, { endStream });
    } catch (error) {
      // Nothing was sent: the peer never hears of it.
      stream.fail({ code: ErrorCode.INTERNAL_ERROR, by: "us" });
      throw error;
    }
    this.#silence?.called();
    return stream;
  }

  /** Says goodbye with `code`, and ends it with all its streams. */
  close(code: number = ErrorCode.NO_ERROR): void {
    if (this.#hasEnded) return;
    this.#writer.send(writeNumbers(FrameType.GOAWAY, 0, this.#streams.lastPeerId, code));
    this.#end(code === ErrorCode.NO_ERROR ? ErrorCode.CANCEL : code, "us");
    partFrom(this.#parting, { isBlamed: code !== ErrorCode.NO_ERROR });
  }

  /** Of {@linkcode StreamHost}. */
  send(bytes: Uint8Array): void {
    this.#writer.send(bytes);
  }

  /** Of {@linkcode StreamHost}. */
  sendFields(streamId: number, fields: readonly FieldLine[], endStream: boolean): void {
    const block = encodeFields(fields);
    if (this.#hasSentFields) return this.#writer.send(writeHeaders(streamId, block, endStream));
    this.#hasSentFields = true;
    const first = new Uint8Array([...NO_TABLE, ...block]);
    this.#writer.send(writeHeaders(streamId, first, endStream));
  }

  /** Of {@linkcode StreamHost}. */
  sendData(streamId: number, payload: Uint8Array, endStream: boolean): Promise<void> {
    return this.#writer.write(writeData(streamId, payload, endStream));
  }

  /** Of {@linkcode StreamHost}. */
  drained(): Promise<void> {
    return this.#writer.drained();
  }

  /** Of {@linkcode StreamHost}. */
  takeWindow(bytes: number, stream: Http2Stream): number {
    return this.#window.take(bytes, stream);
  }

  /** Of {@linkcode StreamHost}. */
  awaitWindow(stream: Http2Stream): void {
    this.#window.await(stream);
  }

  /** Of {@linkcode StreamHost}. */
  forget(stream: Http2Stream, { code, by }: StreamEnd): void {
    if (code === ErrorCode.NO_ERROR) this.#hasWorked = true;
    this.#streams.remove(stream.id, { isReset: by === "us" });
    this.#window.forget(stream);
    this.#closeIfDone();
  }

  #awaitCalm(): void {
    if (this.#awaitsCalm) return;
    this.#awaitsCalm = true;
    void this.#writer.drained().then(() => {
      this.#awaitsCalm = false;
      this.#line.wakeAll();
    });
  }

  /** A server that goes away need not be the one who closes; no later request waits for it. */
  #closeIfDone(): void {
    const isDone = this.#takesNoStreams && this.#streams.size === 0;
    if (isDone && this.#options.role === "client") this.close();
  }

  #greet(): void {
    const { role, maxListBytes, maxStreams = 0 } = this.#options;
    if (role === "client") this.#writer.send(PREFACE);
    const settings = new Map<number, number>([
      [SettingId.MAX_CONCURRENT_STREAMS, maxStreams],
      [SettingId.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES],
      [SettingId.MAX_HEADER_LIST_SIZE, maxListBytes],
    ]);
    if (role === "client") settings.set(SettingId.ENABLE_PUSH, 0);
    this.#writer.send(writeSettings(settings));
  }

  async #readOn(): Promise<void> {
    try {
      if (this.#options.role === "server") await this.#reader.readPreface();
      do {
        this.#silence?.heard();
        for (let frame = this.#reader.take(); frame !== null; frame = this.#reader.take()) {
          if (this.#hasEnded) return;
          const isAnswer = frame.type === FrameType.DATA || frame.type === FrameType.HEADERS;
          if (isAnswer) this.#silence?.heardAnswer();
          this.#frames.take(frame);
          if (this.#writer.isFlooded) await this.#writer.drained();
        }
      } while (!this.#hasEnded && await this.#reader.fill());
      this.#lose();
    } catch (error) {
      this.#options.onFailed?.(error);
      if (error instanceof ConnectionFailure) this.close(error.code);
      else if (error instanceof CompressionError) this.close(ErrorCode.COMPRESSION_ERROR);
      else this.#lose();
    }
  }

  #frameHost(): FrameHost {
    return {
      peer: this.#peer,
      streams: this.#streams,
      window: this.#window,
      send: (bytes) => this.#writer.send(bytes),
      add: (streamId) => this.#add(streamId),
      settle: () => {
        this.#isSettled = true;
        this.#settled.resolve();
        this.#line.wakeAll();
      },
      goAway: (lastId) => this.#comeToEnd(lastId),
    };
  }

  /** The peer has said GOAWAY. */
  #comeToEnd(lastId: number): void {
    this.#takesNoStreams = true;
    if (this.#options.role === "client") {
      for (const stream of this.#streams.all()) {
        // RFC 9113 section 6.8: they were not processed, and will not be.
        if (stream.id > lastId) stream.fail({ code: ErrorCode.REFUSED_STREAM, by: "peer" });
      }
    }
    this.#line.wakeAll();
    this.#closeIfDone();
  }

  #watchSilence(timing: SilenceTiming): SilenceWatch {
    return new SilenceWatch(timing, {
      // Whoever wants to know what the peer allows waits, too.
      isWaiting: () => !this.isIdle || !this.#isSettled,
      written: () => this.#writer.written,
      ping: () => this.#writer.send(PING),
      die: () => this.#lose("silence"),
    });
  }

  #add(id: number): Http2Stream {
    const { initialWindowBytes } = this.#peer;
    const stream = new Http2Stream(id, this, initialWindowBytes, STREAM_WINDOW_BYTES);
    this.#streams.add(stream);
    return stream;
  }

  /** It cannot be written to. What the peer said before that is read: an answer, or that it goes away. */
  #break(): void {
    if (!this.#hasEnded) this.#breaking = setTimeout(() => this.#lose(), GOODBYE_MS);
  }

  #lose(by: EndedBy = "connection"): void {
    if (this.#hasEnded) return;
    this.#end(ErrorCode.CANCEL, by);
    cut(this.#parting);
  }

  get #parting(): Parting {
    return { connection: this.#connection, writer: this.#writer, reading: this.#reading };
  }

  #end(code: number, by: EndedBy): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#breaking);
    this.#silence?.close();
    for (const stream of this.#streams.all()) stream.fail({ code, by });
    this.#settled.resolve();
    this.#ended.resolve();
    this.#line.wakeAll();
  }
}
