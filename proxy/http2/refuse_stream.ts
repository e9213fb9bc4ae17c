/**
 * A refusal as the answer of a stream: the JSON of `fail_closed.ts`, or for a gRPC call a status that
 * its library shows to the program, since it would not read a body.
 *
 * @module
 */
import type http2 from "node:http2";
import { type Refusal, refusalBody } from "../fail_closed.ts";

/** gRPC's own table of what an HTTP status means (http-grpc-status-mapping.md), and 421 as 403. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13, // INTERNAL
  403: 7, // PERMISSION_DENIED
  405: 12, // UNIMPLEMENTED
  421: 7,
  502: 14, // UNAVAILABLE
  503: 14,
  504: 14,
};
const UNKNOWN = 2;

/** Answers; `isCall` for gRPC, which is told by trailers alone (PROTOCOL-HTTP2.md, "Trailers-Only"). */
export function refuseStream(
  stream: http2.ServerHttp2Stream,
  refusal: Refusal,
  { isCall }: { readonly isCall: boolean },
): void {
  if (stream.destroyed || stream.headersSent) return;
  // What is still coming is read and forgotten: a client that waits for room would not see this.
  stream.resume();
  const shared = { "cache-control": "no-store", "x-authsome-error": refusal.error };
  if (!isCall) {
    stream.respond({ ":status": refusal.status, "content-type": "application/json", ...shared });
    stream.end(refusalBody(refusal));
    return;
  }
  const { status, message, hint } = refusal;
  stream.respond({
    ":status": 200,
    "content-type": "application/grpc",
    ...shared,
    "grpc-status": String(GRPC_STATUS[status] ?? UNKNOWN),
    "grpc-message": percentEncoded(hint === undefined ? message : `${message}. ${hint}`),
  }, { endStream: true });
}

/** Printable ASCII stays, as gRPC asks for it. */
function percentEncoded(text: string): string {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
        : String.fromCharCode(byte),
  ).join("");
}
