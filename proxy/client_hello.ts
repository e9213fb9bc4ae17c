/**
 * Reads server name and ALPN protocols from a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066
 * section 3, RFC 7301) before any TLS is spoken: what the client asks for decides how it is served.
 *
 * @module
 */

/** What a client offers. */
export interface ClientHello {
  /** Server name in lower case, or null when it sent none. */
  readonly serverName: string | null;
  /** ALPN protocol names in the client's order; empty when it sent none. */
  readonly protocols: readonly string[];
}

const HANDSHAKE_RECORD = 0x16;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16640;
const MAX_HELLO_BYTES = 65536;
const SERVER_NAME = 0;
const APPLICATION_PROTOCOLS = 16;

/**
 * Reads the hello at the beginning of a connection. `"incomplete"`: more bytes are needed;
 * `"not tls"`: this is something else. The hello may span several records and TCP segments.
 */
export function parseClientHello(bytes: Uint8Array): ClientHello | "incomplete" | "not tls" {
  const message = joinRecords(bytes);
  return message instanceof Uint8Array ? readHello(message) : message;
}

/** The handshake message out of its records. */
function joinRecords(bytes: Uint8Array): Uint8Array | "incomplete" | "not tls" {
  if (bytes.length === 0) return "incomplete";
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let at = 0;;) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return "not tls";
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return "not tls";
    if (at + 5 > bytes.length) return "incomplete";
    const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (size === 0 || size > MAX_RECORD_BYTES) return "not tls";
    const piece = bytes.subarray(at + 5, at + 5 + size);
    pieces.push(piece);
    length += piece.length;
    const message = join(pieces, length);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return "not tls";
    if (message.length >= 4) {
      const wanted = 4 + ((message[1]! << 16) | (message[2]! << 8) | message[3]!);
      if (wanted > MAX_HELLO_BYTES) return "not tls";
      if (message.length >= wanted) return message.subarray(0, wanted);
    }
    if (piece.length < size) return "incomplete";
    at += 5 + size;
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function readHello(message: Uint8Array): ClientHello {
  let serverName: string | null = null;
  const protocols: string[] = [];
  // Header 4, version 2, random 32, then session id, cipher suites and compression methods.
  let at = skipVector(message, 4 + 2 + 32, 1);
  at = skipVector(message, at, 2);
  at = skipVector(message, at, 1);
  const end = Math.min(at + 2 + uint16(message, at), message.length);
  at += 2;
  while (at + 4 <= end) {
    const type = uint16(message, at);
    const size = uint16(message, at + 2);
    // A hello has a dozen extensions: only these two are worth an array.
    if (type === SERVER_NAME || type === APPLICATION_PROTOCOLS) {
      const body = message.subarray(at + 4, Math.min(at + 4 + size, end));
      if (type === SERVER_NAME) serverName ??= readServerName(body);
      else protocols.push(...readProtocols(body));
    }
    at += 4 + size;
  }
  return { serverName, protocols };
}

function skipVector(bytes: Uint8Array, at: number, lengthBytes: 1 | 2): number {
  return at + lengthBytes + (lengthBytes === 1 ? bytes[at] ?? 0 : uint16(bytes, at));
}

function readServerName(body: Uint8Array): string | null {
  const isHostName = body[2] === 0;
  return isHostName ? ascii(body.subarray(5, 5 + uint16(body, 3))).toLowerCase() : null;
}

function readProtocols(body: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; at += 1 + body[at]!) {
    names.push(ascii(body.subarray(at + 1, at + 1 + body[at]!)));
  }
  return names;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function ascii(bytes: Uint8Array): string {
  // Not with `...`, which takes ten times as long for an array of this kind.
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
