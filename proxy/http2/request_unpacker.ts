/**
 * Takes requests apart that the engine has written for an HTTP/1.1 server: head, payload, trailers.
 * The bytes are the engine's own, or were checked by its strict parser on their way here, so nothing
 * is checked a second time.
 *
 * @module
 */
import { latin1Text } from "../http1/byte_reader.ts";
import { parseRequestHead, type RequestHead } from "../http1/message_head.ts";

/** Who is told of the parts, in order; the next bytes are looked at when it is done. */
export interface RequestParts {
  onHead(head: RequestHead): Promise<void>;
  onData(payload: Uint8Array): Promise<void>;
  /** The request is whole; `trailers` are lines. */
  onEnd(trailers: readonly string[]): void;
}

type State = "head" | "length" | "chunk size" | "chunk" | "chunk end" | "trailers";

/** One request after the other. */
export class RequestUnpacker {
  readonly #parts: RequestParts;
  #state: State = "head";
  /** Of a head or a line, so far. */
  #text = "";
  /** Bytes of the payload, or of the chunk, that are still to come. */
  #left = 0;
  #trailers: string[] = [];

  /** Nothing was written yet. */
  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Takes what was written. */
  async take(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === "length" || this.#state === "chunk") {
        const payload = bytes.subarray(at, at + this.#left);
        at += payload.length;
        this.#left -= payload.length;
        await this.#parts.onData(payload);
        if (this.#left === 0) this.#payloadEnds();
        continue;
      }
      const lineEnd = bytes.indexOf(10, at) + 1;
      const end = lineEnd === 0 ? bytes.length : lineEnd;
      this.#text += latin1Text(bytes.subarray(at, end));
      at = end;
      if (lineEnd > 0) await this.#line();
    }
  }

  #payloadEnds(): void {
    if (this.#state === "chunk") this.#state = "chunk end";
    else this.#finish();
  }

  async #line(): Promise<void> {
    const text = this.#text;
    if (this.#state === "head") {
      if (!text.endsWith("\r\n\r\n")) return;
      this.#text = "";
      return await this.#head(parseRequestHead(text.slice(0, -4)));
    }
    this.#text = "";
    if (this.#state === "chunk end") this.#state = "chunk size";
    else if (this.#state === "chunk size") {
      this.#left = parseInt(text, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    } else if (text === "\r\n") this.#finish();
    else this.#trailers.push(text.slice(0, -2));
  }

  async #head(head: RequestHead): Promise<void> {
    const { framing } = head;
    await this.#parts.onHead(head);
    if (framing.kind === "chunked") this.#state = "chunk size";
    else if (framing.kind === "length") {
      this.#left = framing.length;
      this.#state = "length";
    } else this.#finish();
  }

  #finish(): void {
    const trailers = this.#trailers;
    this.#trailers = [];
    this.#state = "head";
    this.#parts.onEnd(trailers);
  }
}
