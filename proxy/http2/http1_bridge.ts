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
import http2 from "node:http2";
import type { Duplex } from "../duplex.ts";
import { endToEndLines } from "../hop_by_hop.ts";
import { latin1Bytes } from "../http1/byte_reader.ts";
import { headerValue, type RequestHead } from "../http1/message_head.ts";
import { ByteQueue } from "./byte_queue.ts";
import { connectionStream } from "./connection_stream.ts";
import { RequestUnpacker } from "./request_unpacker.ts";
import { BridgedAnswer, headText } from "./bridged_answer.ts";
import { trailerFields, writeStreamHead } from "./stream_head.ts";

const SETTINGS: http2.Settings = {
  enablePush: false,
  initialWindowSize: 256 * 1024,
  maxHeaderListSize: 256 * 1024,
};
const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_CANCEL } = http2.constants;

/** See the module. */
export class Http1Bridge implements Duplex {
  readonly #session: http2.ClientHttp2Session;
  readonly #answers = new ByteQueue();
  readonly #requests: RequestUnpacker;
  #call: http2.ClientHttp2Stream | null = null;
  #trailers: http2.OutgoingHttpHeaders = {};
  /** The server takes no new streams. */
  #isEnding = false;

  /** Over `connection`, where TLS has chosen HTTP/2 for `authority`. */
  constructor(connection: Duplex, authority: string) {
    const session = this.#session = http2.connect(`https://${authority}`, {
      createConnection: () => connectionStream(connection),
      settings: SETTINGS,
    });
    // Each says it to the call as well, where it is answered.
    session.on("error", (error: Error) => this.#answers.end(error));
    session.on("close", () => this.#answers.end());
    session.on("goaway", () => {
      this.#isEnding = true;
      if (this.#call === null) this.#answers.end();
    });
    this.#requests = new RequestUnpacker({
      onHead: (head) => this.#begin(head),
      onData: (payload) => this.#send(payload),
      onEnd: (trailers) => {
        this.#trailers = trailersOf(trailers);
        this.#call?.end();
      },
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
    this.#call?.close(NGHTTP2_CANCEL);
    this.#session.destroy();
  }

  #begin(request: RequestHead): void {
    const endStream = request.framing.kind === "none";
    const call = this.#call = this.#session.request(headersOf(request), {
      endStream,
      waitForTrailers: !endStream,
    });
    call.once("wantTrailers", () => call.sendTrailers(this.#trailers));
    // 1xx, 100 included: `continue` is told besides.
    call.on("headers", (more: http2.IncomingHttpHeaders) => this.#push(headText(more)));
    let failure: Error | null = null;
    call.on("error", (error: Error) => failure ??= error);
    const answer = new BridgedAnswer(call, () => {
      this.#call = null;
      if (this.#isEnding) this.#answers.end();
    });
    call.once("response", (headers: http2.IncomingHttpHeaders, flags: number) => {
      const isWhole = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
      answer.relay(this.#answers, headers, { method: request.method, isWhole });
    });
    call.once("close", () => {
      if (!answer.isDone) this.#answers.end(failure ?? new Error("the server broke off"));
    });
  }

  #send(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = this.#call;
      if (call === null || call.destroyed) return reject(new Error("the server takes no more"));
      // A copy: the engine reads the next piece into the same memory.
      call.write(payload.slice(), (error) => error ? reject(error) : resolve());
    });
  }

  #push(text: string): void {
    this.#answers.push(latin1Bytes(text));
  }
}

function headersOf(request: RequestHead): http2.OutgoingHttpHeaders {
  const { method, target } = request;
  const { te, ...headers } = writeStreamHead({
    startLine: "",
    headers: { method, target, ...endToEndLines(request) },
  });
  // RFC 9113 section 8.2.2: TE says "trailers" or nothing.
  const wantsTrailers = headerValue(request, "te")?.toLowerCase().includes("trailers") === true;
  return te !== undefined && wantsTrailers ? { ...headers, te: "trailers" } : headers;
}

function trailersOf(lines: readonly string[]): http2.OutgoingHttpHeaders {
  return trailerFields(Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  })));
}
