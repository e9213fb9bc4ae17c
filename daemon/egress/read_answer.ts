/**
 * Reading the one HTTP/1.1 answer of a connection (RFC 9112), whole or not at all.
 *
 * Strict: what two parsers could read differently is refused, and so is an answer that ends before
 * it says. Every part is bounded. Not implemented: obsolete line folding, trailers (read and
 * dropped), transfer codings besides `chunked`, upgrades.
 *
 * @module
 */
import { joinBytes } from "../../core/join_bytes.ts";
import { type ByteSource, IncomingBytes } from "./incoming_bytes.ts";

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** As they came, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What the answer belongs to, and how much of it is read. */
export interface AnswerOptions {
  /** Of the request: an answer to `HEAD` has no body. */
  readonly method: string;
  readonly maxBodyBytes: number;
}

/** Of all heads together, interim ones among them. */
const MAX_HEAD_BYTES = 64 * 1024;
// deno-lint-ignore no-control-regex
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?$/;
// Refuses folding and a space in front of the colon, too (RFC 9112 sections 5.1 and 5.2).
// deno-lint-ignore no-control-regex
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;.*)?$/;

/**
 * Reads one answer; interim ones (1xx) in front of it are skipped.
 *
 * @throws {TypeError} for anything that is no whole HTTP/1.1 answer; its message quotes nothing.
 * @throws {RangeError} when the body is larger than `maxBodyBytes`.
 */
export async function readAnswer(
  source: ByteSource,
  { method, maxBodyBytes }: AnswerOptions,
): Promise<Answer> {
  const incoming = new IncomingBytes(source, MAX_HEAD_BYTES);
  let head = await readHead(incoming);
  while (head.status < 200) {
    // Nothing here asked for another protocol.
    if (head.status === 101) throw new TypeError("the answer switches protocols");
    head = await readHead(incoming);
  }
  const { status, reason, fields } = head;
  if (status > 599) throw new TypeError("the status is none of HTTP");
  const framing = framingOf(head, method);
  return { status, reason, fields, body: await readBody(incoming, framing, maxBodyBytes) };
}

interface AnswerHead extends Omit<Answer, "body"> {
  readonly isHttp11: boolean;
}

async function readHead(incoming: IncomingBytes): Promise<AnswerHead> {
  const line = STATUS_LINE.exec(await incoming.readLine());
  if (line === null) throw new TypeError("not an HTTP/1.1 answer");
  const fields: [string, string][] = [];
  for (let text = await incoming.readLine(); text !== ""; text = await incoming.readLine()) {
    const field = FIELD.exec(text);
    if (field === null) throw new TypeError("not an HTTP field");
    fields.push([field[1]!, field[2]!]);
  }
  return { isHttp11: line[1] === "1", status: Number(line[2]), reason: line[3] ?? "", fields };
}

/** Bytes of the body, or how its end is found. */
type Framing = number | "chunked" | "until_end";

/** RFC 9112 section 6.3. */
function framingOf({ status, fields, isHttp11 }: AnswerHead, method: string): Framing {
  const valuesOf = (wanted: string) =>
    fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const lengths = valuesOf("content-length");
  const codings = valuesOf("transfer-encoding");
  if (lengths.length + codings.length > 1) throw new TypeError("the body is framed twice");
  const [length] = lengths;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new TypeError("not a length");
  const [coding] = codings;
  // RFC 9112 section 6.1: in HTTP/1.0 its framing is faulty.
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || !isHttp11)) {
    throw new TypeError("not a transfer coding that was asked for");
  }
  if (method === "HEAD" || status === 204 || status === 304) return 0;
  if (coding !== undefined) return "chunked";
  return length === undefined ? "until_end" : Number(length);
}

async function readBody(
  incoming: IncomingBytes,
  framing: Framing,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const mayGrow = (count: number) => {
    size += count;
    if (size > maxBytes) throw new RangeError("the body is too large");
  };
  if (framing === "chunked") {
    // What frames the chunks may be as large as what is in them; extensions are not worth more.
    incoming.allowLines(maxBytes);
    for (let length = await readChunkLine(incoming); length > 0;) {
      mayGrow(length);
      pieces.push(await incoming.readBytes(length));
      if (await incoming.readLine() !== "") throw new TypeError("a chunk has another length");
      length = await readChunkLine(incoming);
    }
    while (await incoming.readLine() !== "");
  } else if (framing === "until_end") {
    for (let piece = await incoming.readSome(); piece !== null; piece = await incoming.readSome()) {
      mayGrow(piece.length);
      pieces.push(piece);
    }
  } else {
    mayGrow(framing);
    return await incoming.readBytes(framing);
  }
  return joinBytes(pieces);
}

/** RFC 9112 section 7.1. */
async function readChunkLine(incoming: IncomingBytes): Promise<number> {
  const size = CHUNK_LINE.exec(await incoming.readLine())?.[1];
  if (size === undefined) throw new TypeError("not a chunk");
  return parseInt(size, 16);
}
