/**
 * Takes messages apart that the engine has written for a peer of HTTP/1.1: head, payload, trailers.
 * The bytes are the engine's own, or were checked by its strict parser on their way here, so nothing
 * is checked a second time.
 *
 * @module
 */
import type { Framing } from "../http1/framing.ts";
import { latin1Text } from "../http1/latin1.ts";

/** Who is told of the parts, in order; the next bytes are looked at when it is done. */
export interface MessageParts<Head> {
  onHead(head: Head): Promise<void>;
  onData(payload: Uint8Array): Promise<void>;
  /** The message is whole; `trailers` are lines. Never, where the end of the connection is its end. */
  onEnd(trailers: readonly string[]): void;
}

type State = "head" | "length" | "chunk size" | "chunk" | "chunk end" | "trailers";

/** One message after the other. */
export class MessageUnpacker<Head extends { readonly framing: Framing }> {
  readonly #parts: MessageParts<Head>;
  readonly #parse: (text: string) => Head;
  #state: State = "head";
  /** Of a head or a line, so far. */
  #text = "";
  /** Bytes of the payload, or of the chunk, that are still to come. */
  #left = 0;
  #trailers: string[] = [];

  /** Nothing was written yet; `parse` reads a head without its final empty line. */
  constructor(parse: (text: string) => Head, parts: MessageParts<Head>) {
    this.#parse = parse;
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
      return await this.#head(this.#parse(text.slice(0, -4)));
    }
    this.#text = "";
    if (this.#state === "chunk end") this.#state = "chunk size";
    else if (this.#state === "chunk size") {
      this.#left = parseInt(text, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    } else if (text === "\r\n") this.#finish();
    else this.#trailers.push(text.slice(0, -2));
  }

  async #head(head: Head): Promise<void> {
    const { framing } = head;
    await this.#parts.onHead(head);
    if (framing.kind === "chunked") this.#state = "chunk size";
    else if (framing.kind === "none") this.#finish();
    else {
      this.#left = framing.kind === "length" ? framing.length : Infinity;
      this.#state = "length";
    }
  }

  #finish(): void {
    const trailers = this.#trailers;
    this.#trailers = [];
    this.#state = "head";
    this.#parts.onEnd(trailers);
  }
}
