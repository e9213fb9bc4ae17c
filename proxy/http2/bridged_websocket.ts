/**
 * The handshake of a WebSocket (RFC 6455) as HTTP/2 has it (RFC 8441), and back: what is GET with
 * `Upgrade` in HTTP/1.1 is CONNECT with `:protocol`, and 200 is what was 101. Behind it the bytes of
 * the stream are those of the connection.
 *
 * @module
 */
import { isUpgrade } from "../hop_by_hop.ts";
import { latin1Bytes } from "../http1/latin1.ts";
import { headerValue, type RequestHead } from "../http1/message_head.ts";
import { fieldLines } from "./bridged_answer.ts";
import type { ByteQueue } from "./byte_queue.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream, ReceivedHead } from "./http2_stream.ts";
import { answerHead, statusOf } from "./stream_head.ts";

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** RFC 8441 section 5: the stream says what they did. */
const NOT_IN_HTTP2: ReadonlySet<string> = new Set(["sec-websocket-key", "sec-websocket-accept"]);
/** A message has a length, and this is none. */
const NOT_IN_AN_UPGRADE: ReadonlySet<string> = new Set(["content-length", ...NOT_IN_HTTP2]);

/** The key of a request that opens a WebSocket; null for any other one. */
export function webSocketKey(request: RequestHead): string | null {
  const isHandshake = request.method === "GET" && request.framing.kind === "none" &&
    isUpgrade(request) && request.upgrade?.toLowerCase() === "websocket";
  return isHandshake ? headerValue(request, "sec-websocket-key") : null;
}

/** The fields of that request in HTTP/2; `fields` are those of any other one. */
export function extendedConnect(fields: readonly FieldLine[]): FieldLine[] {
  return [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    ...fields.filter(([name]) => name !== ":method" && !NOT_IN_HTTP2.has(name)),
  ];
}

/** The server has opened the WebSocket. */
export function isOpened({ fields }: ReceivedHead): boolean {
  const status = statusOf(fields);
  return status >= 200 && status < 300;
}

/**
 * Tells the client of `key` so, and passes on what comes until the server ends it.
 *
 * @throws {StreamFailure} when it broke off.
 */
export async function bridgeWebSocket(
  call: Http2Stream,
  head: ReceivedHead,
  key: string,
  to: ByteQueue,
): Promise<void> {
  const lines = fieldLines([
    ["upgrade", "websocket"],
    ["connection", "Upgrade"],
    ["sec-websocket-accept", await acceptOf(key)],
    ...answerHead(head.fields).filter(([name]) => !NOT_IN_AN_UPGRADE.has(name)),
  ]);
  await to.push(latin1Bytes(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`));
  for (let piece = await call.body.read(); piece !== null; piece = await call.body.read()) {
    await to.push(piece);
  }
  to.end();
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_GUID));
  return new Uint8Array(digest).toBase64();
}
