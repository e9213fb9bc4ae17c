/**
 * A connection to a server that speaks HTTP/2 only, in the form of one that takes HTTP/1.1: what the
 * engine writes to it becomes streams (RFC 9113), and the answers come back as HTTP/1.1 messages.
 *
 * One request at a time, like the connection it stands for. The session is nobody else's, and serves
 * one authority (RFC 9113 section 9.1.1: no coalescing).
 *
 * Not implemented: WebSockets over HTTP/2 (RFC 8441). Their upgrade reaches the server as an ordinary
 * GET, which it declines.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { endToEndLines } from "../hop_by_hop.ts";
import { headerValue, type RequestHead } from "../http1/message_head.ts";
import { bridgeAnswer } from "./bridged_answer.ts";
import { ByteQueue } from "./byte_queue.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { RequestUnpacker } from "./request_unpacker.ts";
import { trailerFields, writeStreamHead } from "./stream_head.ts";

const MAX_LIST_BYTES = 256 * 1024;

/** See the module. */
export class Http1Bridge implements Duplex {
  readonly #session: Http2Connection;
  readonly #answers = new ByteQueue();
  readonly #requests: RequestUnpacker;
  /** The last one; what is sent goes to it, also when it was answered early. */
  #call: Http2Stream | null = null;
  /** The one whose answer is under way. */
  #answering: Http2Stream | null = null;

  /** Over `connection`, where TLS has chosen HTTP/2. */
  constructor(connection: Duplex) {
    this.#session = new Http2Connection(connection, {
      role: "client",
      maxListBytes: MAX_LIST_BYTES,
      onGoaway: () => this.#endIfIdle(),
    });
    void this.#session.ended.then(() => this.#endIfIdle());
    this.#requests = new RequestUnpacker({
      onHead: (head) => this.#begin(head),
      // The engine reads the next piece into the same memory: it waits until this one is written.
      onData: (payload) => this.#running.write(payload),
      onEnd: (trailers) => this.#call?.finish(trailerFields(trailers.map(parseLine))),
    });
  }

  /** See {@linkcode Duplex.read}. */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.#answers.read(buffer);
  }

  /** See {@linkcode Duplex.write}. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#requests.take(bytes);
    return bytes.length;
  }

  /** Nothing: requests end by themselves. */
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /** See {@linkcode Duplex.close}. */
  close(): void {
    this.#call?.reset(ErrorCode.CANCEL);
    this.#session.close();
    this.#answers.end(new Error("the connection is closed"));
  }

  get #running(): Http2Stream {
    if (this.#call === null) throw new Error("the server takes no more");
    return this.#call;
  }

  /** While there is a call, its answer says it. */
  #endIfIdle(): void {
    if (this.#answering === null) this.#answers.end();
  }

  async #begin(request: RequestHead): Promise<void> {
    const call = this.#call = await this.#session.open(fieldsOf(request), {
      endStream: request.framing.kind === "none",
    });
    if (call === null) return this.#answers.end();
    this.#answering = call;
    void this.#answer(call, request.method);
  }

  async #answer(call: Http2Stream, method: string): Promise<void> {
    let failure: unknown;
    try {
      await bridgeAnswer(call, method, this.#answers);
    } catch (error) {
      failure = error;
      call.reset(ErrorCode.CANCEL);
    }
    // Where the head gave a length, the next request may have begun before the stream has ended.
    if (this.#answering !== call) return;
    this.#answering = null;
    if (failure !== undefined || this.#session.takesNoStreams) this.#answers.end(failure);
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

function parseLine(line: string): FieldLine {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
