/**
 * One HTTP/2 connection (RFC 9113), from either side: reads its frames, keeps its rules, and hands
 * streams to whoever serves or asks.
 *
 * Our own, because Deno 2.9.6's `node:http2` damages the memory of the process that holds the
 * credentials (docs/adr/0014). What a proxy does not need is not here: push, priorities, extended
 * CONNECT, a dynamic table for what we send.
 *
 * @module
 */
import { closeQuietly, type Duplex } from "../duplex.ts";
import { ConnectionWindow } from "./connection_window.ts";
import { ConnectionFailure, type EndedBy, protocolError, TooManyStreams } from "./failures.ts";
import {
  ErrorCode,
  Flag,
  type Frame,
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
import { type HeaderBlock, HeaderBlockReader, withoutPadding } from "./header_block.ts";
import { areFieldsValid } from "./field_rules.ts";
import { encodeFields, NO_TABLE } from "./hpack/encode_fields.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { CompressionError, HpackDecoder } from "./hpack/hpack_decoder.ts";
import { Http2Stream, type ReceivedHead, type StreamEnd, type StreamHost } from "./http2_stream.ts";
import { PeerSettings } from "./peer_settings.ts";
import { RateBudget } from "./rate_budget.ts";
import { StreamRegister } from "./stream_register.ts";

/** Which side we are, and what we allow. */
export interface Http2Options {
  readonly role: "client" | "server";
  /** Of a field list (RFC 9113 section 6.5.2). */
  readonly maxListBytes: number;
  /** Streams that the peer may have open at a time. */
  readonly maxStreams?: number;
  /** Told of a stream that the peer opened; its head waits in it. */
  readonly onStream?: (stream: Http2Stream) => void;
  /** Told of a stream that the peer reset, or spoiled, before it was whole. */
  readonly onSpoiled?: () => void;
  /** Told that the peer takes no new streams. */
  readonly onGoaway?: () => void;
}

/** Unread bytes of one stream. */
const STREAM_WINDOW_BYTES = 256 * 1024;
/** A block may be this many times as long as the list that it says, before the connection ends. */
const BLOCK_FACTOR = 4;
/** Frames that bring nothing: PING, SETTINGS, PRIORITY, GOAWAY, empty DATA, unknown ones. */
const IDLE_FRAMES = { burst: 2000, perSecond: 500 };
/** Interim heads that nobody has read; together they may be as long as one list. */
const MAX_WAITING_HEADS = 32;
/** A peer that does not even read why the connection ends. */
const GOODBYE_MS = 1000;
const FORGOTTEN_BYTES = 1024 * 1024;

/** How to ask. */
export interface OpenOptions {
  /** The head is all of the request. */
  readonly endStream: boolean;
  /** The stream on whose behalf we ask: once it has ended, nobody waits for ours. */
  readonly onBehalfOf?: Http2Stream;
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
  readonly #blocks: HeaderBlockReader;
  readonly #decoder: HpackDecoder;
  readonly #peer: PeerSettings;
  readonly #streams: StreamRegister;
  readonly #window: ConnectionWindow;
  readonly #idleFrames = new RateBudget(IDLE_FRAMES);
  readonly #settled = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;
  #isSettled = false;
  #hasSentFields = false;
  #takesNoStreams = false;
  #awaitsCalm = false;
  #hasEnded = false;

  /** Over `connection`, which belongs to it from now on; begins at once. */
  constructor(connection: Duplex, options: Http2Options) {
    this.#connection = connection;
    this.#options = options;
    this.#reader = new FrameReader(connection);
    this.#writer = new FrameWriter(connection);
    this.#blocks = new HeaderBlockReader(BLOCK_FACTOR * options.maxListBytes);
    this.#decoder = new HpackDecoder({ maxListBytes: options.maxListBytes });
    this.#peer = new PeerSettings({ isServer: options.role === "client" });
    this.#streams = new StreamRegister(options.role === "client");
    this.#greet();
    this.#window = new ConnectionWindow((bytes) =>
      this.#writer.send(writeNumbers(FrameType.WINDOW_UPDATE, 0, bytes))
    );
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

  /** No stream is open. */
  get isIdle(): boolean {
    return this.#streams.size === 0;
  }

  /** New streams need another connection: the peer goes away, or all numbers are used. */
  get takesNoStreams(): boolean {
    return this.#takesNoStreams || this.#hasEnded;
  }

  /**
   * Sends a request's head as soon as the peer allows one more stream; null when it will not, or
   * nobody wants it any more. A stream has its number and is known to the peer in the same moment:
   * later numbers never come first.
   *
   * @throws {TooManyStreams} when the peer allows none for `waitMs`.
   */
  async open(
    fields: readonly FieldLine[],
    { endStream, onBehalfOf, waitMs = WAIT_MS }: OpenOptions,
  ): Promise<Http2Stream | null> {
    const since = performance.now();
    const isWanted = () => onBehalfOf?.hasEnded !== true;
    while (isWanted() && !this.takesNoStreams && this.#mustWait()) {
      const leftMs = since + waitMs - performance.now();
      if (leftMs <= 0) throw new TooManyStreams();
      await this.#streams.awaitFree(leftMs, onBehalfOf?.ended);
    }
    // Whoever waits behind this one may take the place.
    if (!isWanted()) this.#streams.wakeNext();
    if (!isWanted() || this.takesNoStreams) return null;
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
    return stream;
  }

  /** Says goodbye with `code`, and ends it with all its streams. */
  close(code: number = ErrorCode.NO_ERROR): void {
    if (this.#hasEnded) return;
    this.#writer.send(writeNumbers(FrameType.GOAWAY, 0, this.#streams.lastPeerId, code));
    this.#end(code === ErrorCode.NO_ERROR ? ErrorCode.CANCEL : code, "us");
    const timer = setTimeout(() => this.#cut(), GOODBYE_MS);
    void this.#writer.drained().then(async () => {
      // TCP throws away what was sent when bytes come for a socket that is closed: a peer that is told
      // what it did wrong must be able to read that.
      if (code !== ErrorCode.NO_ERROR) await this.#linger();
      this.#cut();
    }).finally(() => clearTimeout(timer));
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
  takeWindow(bytes: number): number {
    return this.#window.take(bytes);
  }

  /** Of {@linkcode StreamHost}. */
  awaitWindow(stream: Http2Stream): void {
    this.#window.await(stream);
  }

  /** Of {@linkcode StreamHost}. */
  forget(stream: Http2Stream, { by }: StreamEnd): void {
    this.#streams.remove(stream.id, { isReset: by === "us" });
    this.#window.forget(stream);
    this.#closeIfDone();
  }

  /** As many are open as may be, or the peer does not even read what we have said before. */
  #mustWait(): boolean {
    if (this.#writer.isFlooded && !this.#awaitsCalm) {
      this.#awaitsCalm = true;
      void this.#writer.drained().then(() => {
        this.#awaitsCalm = false;
        this.#streams.wakeAll();
      });
    }
    return this.#awaitsCalm || this.#streams.size >= this.#peer.maxStreams;
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
        for (let frame = this.#reader.take(); frame !== null; frame = this.#reader.take()) {
          if (this.#hasEnded) return;
          this.#receive(frame);
          if (this.#writer.isFlooded) await this.#writer.drained();
        }
      } while (!this.#hasEnded && await this.#reader.fill());
      this.#lose();
    } catch (error) {
      if (error instanceof ConnectionFailure) this.close(error.code);
      else if (error instanceof CompressionError) this.close(ErrorCode.COMPRESSION_ERROR);
      else this.#lose();
    }
  }

  #receive(frame: Frame): void {
    if (!this.#isSettled && (frame.type !== FrameType.SETTINGS || (frame.flags & Flag.ACK) !== 0)) {
      // RFC 9113 section 3.4.
      throw protocolError("the first frame is not SETTINGS");
    }
    const block = this.#blocks.take(frame);
    if (block === null) return;
    if (block !== "other") return this.#receiveFields(block);
    switch (frame.type) {
      case FrameType.DATA:
        return this.#receiveData(frame);
      case FrameType.SETTINGS:
        return this.#receiveSettings(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#receiveWindow(frame);
      case FrameType.RST_STREAM:
        return this.#receiveReset(frame);
      case FrameType.PING:
        return this.#receivePing(frame);
      case FrameType.GOAWAY:
        return this.#receiveGoaway(frame);
      case FrameType.PUSH_PROMISE:
        throw protocolError("PUSH_PROMISE, which is not allowed");
      case FrameType.PRIORITY:
        requireLength(frame, 5);
        if (frame.streamId === 0) throw protocolError("PRIORITY on 0");
        return this.#spendIdle();
      default:
        // RFC 9113 section 5.5: unknown ones are ignored.
        return this.#spendIdle();
    }
  }

  #receiveFields({ streamId, endStream, bytes }: HeaderBlock): void {
    // Always: the table has to be right for the next one.
    const head = { ...this.#decoder.decode(bytes), endStream };
    const known = this.#streams.get(streamId);
    if (known !== undefined) return this.#receiveMore(known, head);
    if (!this.#streams.acceptId(streamId)) return;
    const { maxStreams = 0, onStream } = this.#options;
    const stream = this.#add(streamId);
    if (this.#streams.size > maxStreams) return this.#fault(stream, ErrorCode.REFUSED_STREAM);
    if (!stream.receiveHead(head)) return this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
    onStream?.(stream);
  }

  /** An answer's head, final or interim, or trailers. */
  #receiveMore(stream: Http2Stream, head: ReceivedHead): void {
    if (stream.isReceived) return this.#fault(stream, ErrorCode.STREAM_CLOSED);
    if (
      stream.waitingHeads > MAX_WAITING_HEADS ||
      stream.waitingHeadBytes > this.#options.maxListBytes
    ) {
      return this.#fault(stream, ErrorCode.ENHANCE_YOUR_CALM);
    }
    const isAnswer = !stream.hasFinalHead;
    const isMalformed = head.isTooLarge ||
      !areFieldsValid(head.fields, isAnswer ? "answer" : "trailers") ||
      // RFC 9113 section 8.1: trailers end the message.
      !(isAnswer ? stream.receiveHead(head) : head.endStream && stream.receiveEnd(head.fields));
    if (isMalformed) this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #receiveData(frame: Frame): void {
    const { streamId, flags, payload } = frame;
    const data = withoutPadding(frame);
    this.#window.receive(payload.length);
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (data.length === 0 && !endStream) this.#spendIdle();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#streams.requireKnown(streamId, { isData: true });
    if (stream.isReceived) return this.#fault(stream, ErrorCode.STREAM_CLOSED);
    const wrong = stream.receiveData(data, payload.length - data.length);
    if (wrong !== null) return this.#fault(stream, wrong);
    if (endStream && !stream.receiveEnd([])) this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #receiveSettings({ streamId, flags, payload }: Frame): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    this.#spendIdle();
    if ((flags & Flag.ACK) !== 0) {
      if (payload.length === 0) return;
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "an acknowledgement says more");
    }
    const before = this.#peer.initialWindowBytes;
    this.#peer.take(payload);
    for (const stream of this.#streams.all()) {
      // RFC 9113 section 6.9.2.
      if (stream.openWindow(this.#peer.initialWindowBytes - before)) continue;
      throw new ConnectionFailure(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large");
    }
    this.#window.wakeAll();
    this.#writer.send(writeFrame(FrameType.SETTINGS, Flag.ACK, 0));
    this.#isSettled = true;
    this.#settled.resolve();
    this.#streams.wakeAll();
  }

  #receiveWindow(frame: Frame): void {
    const { streamId, payload } = frame;
    requireLength(frame, 4);
    const bytes = numberAt(payload, 0) & 0x7fffffff;
    if (streamId === 0) return this.#window.open(bytes);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#streams.requireKnown(streamId);
    if (bytes === 0) return this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
    if (!stream.openWindow(bytes)) this.#fault(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  #receiveReset(frame: Frame): void {
    requireLength(frame, 4);
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return this.#streams.requireKnown(frame.streamId);
    // Behind our whole answer it takes nothing back: a client may stop what it uploads.
    if (!stream.isSent) this.#options.onSpoiled?.();
    stream.fail({ code: numberAt(frame.payload, 0), by: "peer" });
  }

  #receivePing(frame: Frame): void {
    requireLength(frame, 8);
    if (frame.streamId !== 0) throw protocolError("PING on a stream");
    this.#spendIdle();
    if ((frame.flags & Flag.ACK) !== 0) return;
    this.#writer.send(writeFrame(FrameType.PING, Flag.ACK, 0, frame.payload));
  }

  #receiveGoaway({ streamId, payload }: Frame): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (payload.length < 8) {
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is too short");
    }
    this.#spendIdle();
    this.#takesNoStreams = true;
    this.#options.onGoaway?.();
    const lastId = numberAt(payload, 0) & 0x7fffffff;
    if (this.#options.role === "client") {
      for (const stream of this.#streams.all()) {
        // RFC 9113 section 6.8: they were not processed, and will not be.
        if (stream.id > lastId) stream.fail({ code: ErrorCode.REFUSED_STREAM, by: "peer" });
      }
    }
    this.#streams.wakeAll();
    this.#closeIfDone();
  }

  #add(id: number): Http2Stream {
    const { initialWindowBytes } = this.#peer;
    const stream = new Http2Stream(id, this, initialWindowBytes, STREAM_WINDOW_BYTES);
    this.#streams.add(stream);
    return stream;
  }

  /** RFC 9113 section 5.4.2: the peer spoiled this stream; the others did nothing wrong. */
  #fault(stream: Http2Stream, code: number): void {
    stream.reset(code);
    this.#options.onSpoiled?.();
  }

  #spendIdle(): void {
    if (this.#idleFrames.spend()) return;
    throw new ConnectionFailure(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that bring nothing");
  }

  /** Reads on until the peer ends, within limits, and forgets what it says. */
  async #linger(): Promise<void> {
    try {
      await this.#connection.closeWrite();
      await this.#reading;
      const forgotten = new Uint8Array(64 * 1024);
      for (let left = FORGOTTEN_BYTES; left > 0;) {
        left -= await this.#connection.read(forgotten) ?? Infinity;
      }
    } catch { /* it has ended */ }
  }

  #lose(): void {
    if (this.#hasEnded) return;
    this.#end(ErrorCode.CANCEL, "connection");
    this.#cut();
  }

  #cut(): void {
    closeQuietly(this.#connection);
    this.#writer.fail(new Error("the connection ended"));
  }

  #end(code: number, by: EndedBy): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const stream of this.#streams.all()) stream.fail({ code, by });
    this.#settled.resolve();
    this.#ended.resolve();
    this.#streams.wakeAll();
  }
}

function requireLength({ payload }: Frame, bytes: number): void {
  if (payload.length === bytes) return;
  throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, `a frame is not ${bytes} bytes long`);
}

function numberAt(payload: Uint8Array, at: number): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(at);
}
