/**
 * A stream of a client that speaks HTTP/2 only, in the form of a connection with an HTTP/1.1 client
 * that asks once: the other way round than `http1_bridge.ts`. The engine reads the request from it,
 * judges it as strictly as any other, and writes the answer to it.
 *
 * An answer that broke off ends with RST_STREAM, a client that resets its stream has left.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { latin1Bytes } from "../http1/latin1.ts";
import { parseResponseHead, type RequestHead, type ResponseHead } from "../http1/message_head.ts";
import { ByteQueue } from "./byte_queue.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { MessageUnpacker } from "./message_unpacker.ts";
import { answerHead, parseLine, trailerFields } from "./stream_head.ts";

/** Servers want to be told that there is nothing of what these methods usually have. */
const USUALLY_WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** See the module. */
export class DowngradedStream implements Duplex {
  readonly #stream: Http2Stream;
  readonly #request = new ByteQueue();
  readonly #answer: MessageUnpacker<ResponseHead>;
  /** The answer lasts until the engine has no more to write. */
  #endsWithConnection = false;

  /** `head` is that of `stream`, from which nothing else was read. */
  constructor(stream: Http2Stream, head: RequestHead) {
    this.#stream = stream;
    this.#answer = new MessageUnpacker((text) => parseResponseHead(text, head.method), {
      onHead: (answer) => this.#begin(answer),
      onData: (payload) => stream.write(payload),
      onEnd: (trailers) => {
        if (stream.hasFinalAnswer) stream.finish(trailerFields(trailers.map(parseLine)));
      },
    });
    void this.#send(head);
  }

  /** See {@linkcode Duplex.read}. */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.#request.read(buffer);
  }

  /** See {@linkcode Duplex.write}. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#answer.take(bytes);
    return bytes.length;
  }

  /** See {@linkcode Duplex.closeWrite}. */
  closeWrite(): Promise<void> {
    if (this.#endsWithConnection) this.#stream.finish();
    return Promise.resolve();
  }

  /** See {@linkcode Duplex.close}. */
  close(): void {
    const { isSent } = this.#stream;
    // Behind a whole answer nobody reads the rest of the request; half an answer is no answer.
    this.#stream.reset(isSent ? ErrorCode.NO_ERROR : ErrorCode.INTERNAL_ERROR);
    this.#request.end(new Error("the connection is closed"));
  }

  async #begin({ status, lines, framing }: ResponseHead): Promise<void> {
    const fields: FieldLine[] = [[":status", `${status}`], ...answerHead(lines.map(parseLine))];
    if (status < 200) return await this.#stream.sendInterimHead(fields);
    this.#endsWithConnection = framing.kind === "until_close";
    this.#stream.sendHead(fields, { endStream: framing.kind === "none" });
  }

  async #send(head: RequestHead): Promise<void> {
    const { body, isReceived, ended } = this.#stream;
    const hasBody = !(isReceived && body.isAtEnd);
    const { lines, isChunked } = requestLines(head, hasBody);
    const text = [`${head.method} ${head.target} HTTP/1.1`, ...lines, "", ""].join("\r\n");
    try {
      await this.#request.push(latin1Bytes(text));
      if (hasBody) await this.#sendBody(isChunked);
    } catch (error) {
      return this.#request.end(error);
    }
    await ended;
    // Whatever code it left with.
    this.#request.end(this.#stream.isWhole ? undefined : new Error("the client has left"));
  }

  async #sendBody(isChunked: boolean): Promise<void> {
    const { body } = this.#stream;
    for (let piece = await body.read(); piece !== null; piece = await body.read()) {
      if (!isChunked) await this.#request.push(piece);
      // An empty chunk would be the last one.
      else if (piece.length > 0) {
        await this.#request.push(latin1Bytes(`${piece.length.toString(16)}\r\n`), piece, END);
      }
    }
    if (!isChunked) return;
    const trailers = trailerFields(body.trailers).map(([name, value]) => `${name}: ${value}\r\n`);
    await this.#request.push(latin1Bytes(`0\r\n${trailers.join("")}\r\n`));
  }
}

const END = latin1Bytes("\r\n");

/** Header lines, with those that say in HTTP/1.1 what frames say in HTTP/2. */
function requestLines(
  { method, lines, names }: RequestHead,
  hasBody: boolean,
): { readonly lines: readonly string[]; readonly isChunked: boolean } {
  const isCookie = (_line: string, index: number) => names[index] === "cookie";
  const cookies = lines.filter(isCookie).map((line) => parseLine(line)[1]);
  const rest = lines.filter((line, index) => !isCookie(line, index));
  // RFC 9113 section 8.2.3: what was split for the sake of compression is one field again.
  if (cookies.length > 0) rest.push(`cookie: ${cookies.join("; ")}`);
  // A stream asks once. That it has nothing more to say does not mean that it has left.
  rest.push("connection: close");
  const hasLength = names.includes("content-length");
  // RFC 9112 section 7.1.2: there are no trailers without chunks. Behind a length they are passed on
  // where they were announced; others are left out, as may happen to them (RFC 9110 section 6.5.1).
  const isChunked = hasBody && (!hasLength || names.includes("trailer"));
  if (isChunked) {
    rest.push("transfer-encoding: chunked");
    return { lines: rest.filter((line) => parseLine(line)[0] !== "content-length"), isChunked };
  }
  if (!hasLength && USUALLY_WITH_BODY.has(method)) rest.push("content-length: 0");
  return { lines: rest, isChunked };
}
