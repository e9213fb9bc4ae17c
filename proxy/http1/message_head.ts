/**
 * Reads heads of HTTP/1.1 messages (RFC 9110, RFC 9112), strictly: whatever two parsers could read
 * differently is refused, because a request that the server sees otherwise than we do is how a
 * credential leaves with the wrong request (request smuggling).
 *
 * Header lines are kept as they came, so that order and case reach the server unchanged.
 *
 * @module
 */
import { malformed, Refusal } from "../fail_closed.ts";
import { type Framing, NO_BODY } from "./framing.ts";

/** What requests and responses have in common. */
export interface MessageHead {
  /** Header lines as they came, without line ends. */
  readonly lines: readonly string[];
  /** Name of each line, in lower case. */
  readonly names: readonly string[];
  /** HTTP/1.1, not 1.0. */
  readonly isHttp11: boolean;
  /** Options of all `Connection` headers, in lower case. */
  readonly connection: ReadonlySet<string>;
  readonly framing: Framing;
  /** Value of `Upgrade`, or null. */
  readonly upgrade: string | null;
}

/** Head of a request. */
export interface RequestHead extends MessageHead {
  readonly method: string;
  /** Request target as sent: origin-form, absolute-form or `*`. */
  readonly target: string;
  /** Value of the one `Host` header; null only in HTTP/1.0. */
  readonly host: string | null;
  /** `Expect: 100-continue`. */
  readonly expectsContinue: boolean;
}

/** Head of a response. */
export interface ResponseHead extends MessageHead {
  readonly status: number;
  /** The status line as it came. */
  readonly statusLine: string;
}

const MAX_LINES = 1000;
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const NAME = new RegExp(`^${TOKEN}$`);
// A fragment has no place in a target, and servers differ on what they do with one.
const REQUEST_LINE = new RegExp(
  `^${TOKEN} [\\x21\\x22\\x24-\\x7e\\x80-\\xff]+ HTTP/1\\.[01]$`,
);
// deno-lint-ignore no-control-regex
const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d{2}(?: [^\x00-\x08\x0a-\x1f\x7f]*)?$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const NO_OPTIONS: ReadonlySet<string> = new Set();

/**
 * Reads a request head (without the final empty line).
 *
 * @throws {Refusal} 400 for a malformed head, 431 for too many lines, 501 for a transfer coding
 * other than `chunked`.
 */
export function parseRequestHead(head: string): RequestHead {
  const lines = head.split("\r\n");
  const requestLine = lines.shift()!;
  if (!REQUEST_LINE.test(requestLine)) {
    throw malformed("request", "the request line is not METHOD TARGET HTTP/1.x");
  }
  // Two spaces in all, and the version is of a fixed length.
  const space = requestLine.indexOf(" ");
  const method = requestLine.slice(0, space);
  const isHttp11 = requestLine.endsWith("1");
  const fields = readFields(lines, "request", isHttp11);
  // RFC 9112 section 3.2: one Host header, always, in HTTP/1.1. CONNECT names its host in the target.
  if (isHttp11 && fields.host === null && method !== "CONNECT") {
    throw malformed("request", "there is no Host header");
  }
  return {
    method,
    target: requestLine.slice(space + 1, -" HTTP/1.1".length),
    isHttp11,
    lines: fields.lines,
    names: fields.names,
    connection: fields.connection,
    framing: requestFraming(fields),
    upgrade: fields.upgrade,
    host: fields.host,
    expectsContinue: fields.expectsContinue,
  };
}

/**
 * Reads a response head; `method` is that of the request, since a `HEAD` answer has no body.
 *
 * @throws {Refusal} 502 for a malformed head.
 */
export function parseResponseHead(head: string, method: string): ResponseHead {
  const lines = head.split("\r\n");
  const statusLine = lines.shift()!;
  if (!STATUS_LINE.test(statusLine)) {
    throw malformed("response", "the status line is not HTTP/1.x STATUS");
  }
  // Everything up to the reason has its place.
  const isHttp11 = statusLine.startsWith("HTTP/1.1");
  const status = Number(statusLine.slice(9, 12));
  const fields = readFields(lines, "response", isHttp11);
  return {
    status,
    statusLine,
    isHttp11,
    lines: fields.lines,
    names: fields.names,
    connection: fields.connection,
    framing: responseFraming(fields, status, method),
    upgrade: fields.upgrade,
  };
}

interface Fields {
  readonly lines: string[];
  readonly names: string[];
  connection: ReadonlySet<string>;
  host: string | null;
  contentLength: number | null;
  isChunked: boolean;
  upgrade: string | null;
  expectsContinue: boolean;
}

/** `lines` are all but the start line, and are kept: most heads go on line by line as they came. */
function readFields(
  lines: string[],
  side: "request" | "response",
  isHttp11: boolean,
): Fields {
  if (lines.length > MAX_LINES) {
    throw new Refusal(
      side === "request" ? 431 : 502,
      "HeadTooLargeError",
      `Cannot read the ${side}: it has more than ${MAX_LINES} header lines`,
    );
  }
  const fields: Fields = {
    lines,
    names: [],
    connection: NO_OPTIONS,
    host: null,
    contentLength: null,
    isChunked: false,
    upgrade: null,
    expectsContinue: false,
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    // Refuses obsolete line folding and a space before the colon too (RFC 9112 sections 5.1, 5.2).
    if (!NAME.test(name)) {
      throw malformed(side, "a header line is not NAME: VALUE", "BadHeaderError");
    }
    if (CONTROL.test(line)) {
      throw malformed(side, "a header holds a control character", "BadHeaderError");
    }
    const isRepeated = readField(fields, name, line, colon, side);
    if (isRepeated) lines.splice(index--, 1);
    else fields.names.push(name);
  }
  // RFC 9112 section 6.1: both together are an attempt at smuggling; one of them alone in HTTP/1.0 is.
  if (fields.isChunked && (fields.contentLength !== null || !isHttp11)) {
    throw malformed(
      side,
      "Transfer-Encoding stands beside Content-Length or in HTTP/1.0",
      "AmbiguousLengthError",
    );
  }
  return fields;
}

/** Notes what a header means for us; true when the line repeats another and is left out. */
function readField(
  fields: Fields,
  name: string,
  line: string,
  colon: number,
  side: "request" | "response",
): boolean {
  switch (name) {
    case "content-length": {
      const value = trimSpace(line.slice(colon + 1));
      if (!/^\d{1,15}$/.test(value)) {
        throw malformed(side, "Content-Length is not a number", "AmbiguousLengthError");
      }
      if (fields.contentLength === null) {
        fields.contentLength = Number(value);
        return false;
      }
      // RFC 9110 section 8.6 lets a recipient fold equal ones; servers that repeat it exist.
      if (side === "response" && fields.contentLength === Number(value)) return true;
      throw malformed(side, "there are two Content-Length headers", "AmbiguousLengthError");
    }
    case "transfer-encoding": {
      if (fields.isChunked) {
        throw malformed(side, "there are two Transfer-Encoding headers", "AmbiguousLengthError");
      }
      const coding = trimSpace(line.slice(colon + 1)).toLowerCase();
      if (coding !== "chunked") throw unsupportedCoding(side);
      fields.isChunked = true;
      return false;
    }
    case "connection": {
      const options = line.slice(colon + 1).split(",").map((option) =>
        trimSpace(option).toLowerCase()
      );
      fields.connection = new Set([...fields.connection, ...options]);
      return false;
    }
    case "host":
      if (fields.host !== null) {
        throw malformed(side, "there are two Host headers", "BadHeaderError");
      }
      fields.host = trimSpace(line.slice(colon + 1));
      return false;
    case "upgrade":
      fields.upgrade = trimSpace(line.slice(colon + 1));
      return false;
    case "expect":
      fields.expectsContinue = trimSpace(line.slice(colon + 1)).toLowerCase() === "100-continue";
      return false;
  }
  return false;
}

function unsupportedCoding(side: "request" | "response"): Refusal {
  // RFC 9112 section 6.1: a server answers 501 to a transfer coding that it does not know.
  return side === "request"
    ? new Refusal(
      501,
      "AmbiguousLengthError",
      "Cannot read the request: its Transfer-Encoding is not chunked",
    )
    : malformed(side, "its Transfer-Encoding is not chunked");
}

function requestFraming(fields: Fields): Framing {
  if (fields.isChunked) return { kind: "chunked" };
  const length = fields.contentLength ?? 0;
  return length === 0 ? NO_BODY : { kind: "length", length };
}

/** RFC 9112 section 6.3. */
function responseFraming(fields: Fields, status: number, method: string): Framing {
  if (status < 200 || status === 204 || status === 304 || method === "HEAD") return NO_BODY;
  if (fields.isChunked) return { kind: "chunked" };
  if (fields.contentLength === null) return { kind: "until_close" };
  return fields.contentLength === 0 ? NO_BODY : { kind: "length", length: fields.contentLength };
}

/** Without the spaces and tabs around it; `trim()` would also take a no-break space (byte 0xa0). */
export function trimSpace(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The value of the first header of that (lower case) name, or null. */
export function headerValue(head: MessageHead, name: string): string | null {
  const index = head.names.indexOf(name);
  return index < 0 ? null : trimSpace(head.lines[index]!.slice(name.length + 1));
}
