/**
 * What a frame means that the peer sends, and which ones it may not send (RFC 9113 sections 4 to 6).
 *
 * What spoils one stream resets that one; what spoils the connection is thrown.
 *
 * @module
 */
import type { ConnectionWindow } from "./connection_window.ts";
import { ConnectionFailure, protocolError } from "./failures.ts";
import { areFieldsValid } from "./field_rules.ts";
import { ErrorCode, Flag, type Frame, FrameType, writeFrame } from "./frame.ts";
import { type HeaderBlock, HeaderBlockReader, withoutPadding } from "./header_block.ts";
import { HpackDecoder } from "./hpack/hpack_decoder.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import type { PeerSettings } from "./peer_settings.ts";
import { RateBudget } from "./rate_budget.ts";
import type { StreamRegister } from "./stream_register.ts";

/** What we allow the peer, and who is told. */
export interface IncomingOptions {
  /** Of a field list (RFC 9113 section 6.5.2). */
  readonly maxListBytes: number;
  /** Streams that the peer may have open at a time. */
  readonly maxStreams?: number;
  /** Told of a stream that the peer opened; its head waits in it. */
  readonly onStream?: (stream: Http2Stream) => void;
  /** Told of a stream that the peer reset, or spoiled, before it was whole. */
  readonly onSpoiled?: () => void;
}

/** The connection whose frames they are. */
export interface FrameHost {
  readonly peer: PeerSettings;
  readonly streams: StreamRegister;
  readonly window: ConnectionWindow;
  /** Sends a frame some time. */
  send(bytes: Uint8Array): void;
  /** The peer opens a stream. */
  add(streamId: number): Http2Stream;
  /** The peer's SETTINGS have come, and are in {@linkcode FrameHost.peer}. */
  settle(): void;
  /** The peer takes no streams above this number. */
  goAway(lastId: number): void;
}

/** A block may be this many times as long as the list that it says, before the connection ends. */
const BLOCK_FACTOR = 4;
/** Frames that bring nothing: PING, SETTINGS, PRIORITY, GOAWAY, empty DATA, unknown ones. */
const IDLE_FRAMES = { burst: 2000, perSecond: 500 };
/** Interim heads that nobody has read; together they may be as long as one list. */
const MAX_WAITING_HEADS = 32;

/** See the module. */
export class IncomingFrames {
  readonly #options: IncomingOptions;
  readonly #host: FrameHost;
  readonly #blocks: HeaderBlockReader;
  readonly #decoder: HpackDecoder;
  readonly #idleFrames = new RateBudget(IDLE_FRAMES);
  #isSettled = false;

  /** None has come. */
  constructor(options: IncomingOptions, host: FrameHost) {
    this.#options = options;
    this.#host = host;
    this.#blocks = new HeaderBlockReader(BLOCK_FACTOR * options.maxListBytes);
    this.#decoder = new HpackDecoder({ maxListBytes: options.maxListBytes });
  }

  /**
   * Takes the next frame.
   *
   * @throws {ConnectionFailure} when the connection cannot go on.
   * @throws {CompressionError} when its fields cannot be read.
   */
  take(frame: Frame): void {
    if (!this.#isSettled && (frame.type !== FrameType.SETTINGS || (frame.flags & Flag.ACK) !== 0)) {
      // RFC 9113 section 3.4.
      throw protocolError("the first frame is not SETTINGS");
    }
    const block = this.#blocks.take(frame);
    if (block === null) return;
    if (block !== "other") return this.#takeFields(block);
    switch (frame.type) {
      case FrameType.DATA:
        return this.#takeData(frame);
      case FrameType.SETTINGS:
        return this.#takeSettings(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#takeWindow(frame);
      case FrameType.RST_STREAM:
        return this.#takeReset(frame);
      case FrameType.PING:
        return this.#takePing(frame);
      case FrameType.GOAWAY:
        return this.#takeGoaway(frame);
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

  #takeFields({ streamId, endStream, bytes }: HeaderBlock): void {
    const { streams } = this.#host;
    // Always: the table has to be right for the next one.
    const head = { ...this.#decoder.decode(bytes), endStream };
    const known = streams.get(streamId);
    if (known !== undefined) return this.#takeMore(known, head);
    if (!streams.acceptId(streamId)) return;
    const { maxStreams = 0, onStream } = this.#options;
    const stream = this.#host.add(streamId);
    if (streams.size > maxStreams) return this.#fault(stream, ErrorCode.REFUSED_STREAM);
    if (!stream.receiveHead(head)) return this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
    onStream?.(stream);
  }

  /** An answer's head, final or interim, or trailers. */
  #takeMore(stream: Http2Stream, head: ReceivedHead): void {
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

  #takeData(frame: Frame): void {
    const { streams, window } = this.#host;
    const { streamId, flags, payload } = frame;
    const data = withoutPadding(frame);
    window.receive(payload.length);
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (data.length === 0 && !endStream) this.#spendIdle();
    const stream = streams.get(streamId);
    if (stream === undefined) return streams.requireKnown(streamId, { isData: true });
    if (stream.isReceived) return this.#fault(stream, ErrorCode.STREAM_CLOSED);
    const wrong = stream.receiveData(data, payload.length - data.length);
    if (wrong !== null) return this.#fault(stream, wrong);
    if (endStream && !stream.receiveEnd([])) this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #takeSettings({ streamId, flags, payload }: Frame): void {
    const { peer, streams, window } = this.#host;
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    this.#spendIdle();
    if ((flags & Flag.ACK) !== 0) {
      if (payload.length === 0) return;
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "an acknowledgement says more");
    }
    const before = peer.initialWindowBytes;
    peer.take(payload);
    for (const stream of streams.all()) {
      // RFC 9113 section 6.9.2.
      if (stream.openWindow(peer.initialWindowBytes - before)) continue;
      throw new ConnectionFailure(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large");
    }
    window.wakeAll();
    this.#host.send(writeFrame(FrameType.SETTINGS, Flag.ACK, 0));
    this.#isSettled = true;
    this.#host.settle();
  }

  #takeWindow(frame: Frame): void {
    const { streams, window } = this.#host;
    const { streamId, payload } = frame;
    requireLength(frame, 4);
    const bytes = numberAt(payload, 0) & 0x7fffffff;
    if (streamId === 0) return window.open(bytes);
    const stream = streams.get(streamId);
    if (stream === undefined) return streams.requireKnown(streamId);
    if (bytes === 0) return this.#fault(stream, ErrorCode.PROTOCOL_ERROR);
    if (!stream.openWindow(bytes)) this.#fault(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  #takeReset(frame: Frame): void {
    const { streams } = this.#host;
    requireLength(frame, 4);
    const stream = streams.get(frame.streamId);
    if (stream === undefined) return streams.requireKnown(frame.streamId);
    // Behind our whole answer it takes nothing back: a client may stop what it uploads.
    if (!stream.isSent) this.#options.onSpoiled?.();
    stream.fail({ code: numberAt(frame.payload, 0), by: "peer" });
  }

  #takePing(frame: Frame): void {
    requireLength(frame, 8);
    if (frame.streamId !== 0) throw protocolError("PING on a stream");
    this.#spendIdle();
    if ((frame.flags & Flag.ACK) !== 0) return;
    this.#host.send(writeFrame(FrameType.PING, Flag.ACK, 0, frame.payload));
  }

  #takeGoaway({ streamId, payload }: Frame): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (payload.length < 8) {
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is too short");
    }
    this.#spendIdle();
    this.#host.goAway(numberAt(payload, 0) & 0x7fffffff);
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
}

function requireLength({ payload }: Frame, bytes: number): void {
  if (payload.length === bytes) return;
  throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, `a frame is not ${bytes} bytes long`);
}

function numberAt(payload: Uint8Array, at: number): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(at);
}
