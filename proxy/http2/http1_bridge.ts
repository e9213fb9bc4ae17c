/**
 * A connection to a server that speaks HTTP/2 only, in the form of one that takes HTTP/1.1: what the
 * engine writes to it becomes streams (RFC 9113), and the answers come back as HTTP/1.1 messages.
 *
 * One request at a time, like the connection it stands for. The session is nobody else's, and serves
 * one authority (RFC 9113 section 9.1.1: no coalescing). One that ends in good order is replaced by
 * another for the next request: whoever writes HTTP/1.1 has no word for a server that goes away.
 *
 * A WebSocket is opened as HTTP/2 does it (RFC 8441), where the server offers that.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import type { TellFault } from "../fault_teller.ts";
import { endToEndLines } from "../hop_by_hop.ts";
import { headerValue, parseRequestHead, type RequestHead } from "../http1/message_head.ts";
import { bridgeAnswer, finalHead } from "./bridged_answer.ts";
import { type BridgedHead, BridgedRequest } from "./bridged_request.ts";
import { bridgeWebSocket, extendedConnect, isOpened, webSocketKey } from "./bridged_websocket.ts";
import { ByteQueue } from "./byte_queue.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import { MessageUnpacker } from "./message_unpacker.ts";
import type { SilenceTiming } from "./silence_watch.ts";
import { parseLine, trailerFields, writeStreamHead } from "./stream_head.ts";

const MAX_LIST_BYTES = 256 * 1024;

/** What it needs besides the connection. */
export interface BridgeOptions {
  /** Another connection, where TLS has chosen HTTP/2. */
  readonly reconnect: () => Promise<Duplex>;
  readonly silence: SilenceTiming;
  /** Is given what ended a session, unless the server ended it. */
  readonly onFault?: TellFault;
}

/** See the module. */
export class Http1Bridge implements Duplex {
  readonly #options: BridgeOptions;
  readonly #answers = new ByteQueue();
  readonly #requests: MessageUnpacker<RequestHead>;
  #session: Http2Connection;
  /** The last one; what is sent goes to it, also when it was answered early. */
  #request: BridgedRequest | null = null;
  /** The one whose answer is under way. */
  #answering: BridgedRequest | null = null;
  /** It has opened a WebSocket: what is written is not HTTP any more. */
  #socket: BridgedRequest | null = null;
  #isClosed = false;

  /** Over `connection`, where TLS has chosen HTTP/2. */
  constructor(connection: Duplex, options: BridgeOptions) {
    this.#options = options;
    this.#session = this.#begun(connection);
    this.#requests = new MessageUnpacker(parseRequestHead, {
      onHead: (head) => this.#begin(head),
      // The engine reads the next piece into the same memory: it waits until this one is written.
      onData: (payload) => this.#running.write(payload),
      onEnd: (trailers) => {
        if (this.#request?.head.webSocketKey !== null) return;
        this.#request.finish(trailerFields(trailers.map(parseLine)));
      },
    });
  }

  /** See {@linkcode Duplex.read}. */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.#answers.read(buffer);
  }

  /** See {@linkcode Duplex.write}. */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#socket === null) await this.#requests.take(bytes);
    else await this.#socket.write(bytes);
    return bytes.length;
  }

  /** Requests end by themselves; a WebSocket does not. */
  closeWrite(): Promise<void> {
    this.#socket?.finish([]);
    return Promise.resolve();
  }

  /** See {@linkcode Duplex.close}. */
  close(): void {
    this.#isClosed = true;
    this.#request?.call.reset(ErrorCode.CANCEL);
    this.#session.close();
    this.#answers.end(new Error("the connection is closed"));
  }

  get #running(): BridgedRequest {
    if (this.#request === null) throw new Error("the server takes no more");
    return this.#request;
  }

  #begun(connection: Duplex): Http2Connection {
    const { silence } = this.#options;
    return new Http2Connection(connection, {
      role: "client",
      maxListBytes: MAX_LIST_BYTES,
      silence,
      onFailed: (error) => this.#options.onFault?.(error),
    });
  }

  async #begin(request: RequestHead): Promise<void> {
    const key = webSocketKey(request);
    const fields = fieldsOf(request);
    const head: BridgedHead = {
      method: request.method,
      fields: key === null ? fields : extendedConnect(fields),
      endStream: request.framing.kind === "none" && key === null,
      webSocketKey: key,
    };
    try {
      const begun = this.#request = new BridgedRequest(head, await this.#open(head));
      this.#answering = begun;
      void this.#answer(begun);
    } catch (error) {
      this.#answers.end(error);
      throw error;
    }
  }

  /** A server that goes away between two requests, or under the hands of one, is called again. */
  async #open(head: BridgedHead): Promise<Http2Stream> {
    const call = await this.#tryOpen(head);
    if (call !== null) return call;
    await this.#renew();
    const second = await this.#tryOpen(head);
    if (second === null) throw new Error("the server takes no requests");
    return second;
  }

  async #tryOpen({ fields, endStream, webSocketKey }: BridgedHead): Promise<Http2Stream | null> {
    const session = this.#session;
    if (webSocketKey !== null) {
      // RFC 8441 section 3: not before the server has said that it takes them.
      await session.settled;
      if (!session.hasEnded && !session.hasExtendedConnect) {
        throw new Error("the server speaks HTTP/2 only, and offers no WebSockets there");
      }
    }
    return await session.open(fields, { endStream });
  }

  async #renew(): Promise<void> {
    this.#session.close();
    if (this.#isClosed) throw new Error("the connection is closed");
    const session = this.#begun(await this.#options.reconnect());
    this.#session = session;
    if (!this.#isClosed) return;
    session.close();
    throw new Error("the connection is closed");
  }

  async #answer(request: BridgedRequest): Promise<void> {
    let failure: unknown;
    try {
      const head = await this.#headOf(request);
      request.release();
      await this.#pass(request, head);
    } catch (error) {
      failure = error;
      request.release();
      request.call.reset(ErrorCode.CANCEL);
    }
    // Where the head gave a length, the next request may have begun before the stream has ended.
    if (this.#answering !== request) return;
    this.#answering = null;
    if (failure !== undefined) this.#answers.end(failure);
  }

  async #pass(request: BridgedRequest, head: ReceivedHead): Promise<void> {
    const { call, head: { method, webSocketKey } } = request;
    if (webSocketKey === null) return await bridgeAnswer(call, head, method, this.#answers);
    if (isOpened(head)) {
      this.#socket = request;
      return await bridgeWebSocket(call, head, webSocketKey, this.#answers);
    }
    request.finish([]);
    await bridgeAnswer(call, head, method, this.#answers);
  }

  async #headOf(request: BridgedRequest): Promise<ReceivedHead> {
    for (;;) {
      try {
        return await finalHead(request.call, this.#answers);
      } catch (error) {
        await request.move(error, async () => {
          await this.#renew();
          return await this.#open(request.head);
        });
      }
    }
  }
}

function fieldsOf(request: RequestHead): FieldLine[] {
  const { method, target } = request;
  const fields = writeStreamHead({
    startLine: "",
    headers: { method, target, ...endToEndLines(request) },
  });
  // RFC 9113 section 8.2.2: TE says "trailers" or nothing.
  const wantsTrailers = headerValue(request, "te")?.toLowerCase().includes("trailers") === true;
  return fields.flatMap(([name, value]): FieldLine[] =>
    name !== "te" ? [[name, value]] : wantsTrailers ? [["te", "trailers"]] : []
  );
}
