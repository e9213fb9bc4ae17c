/**
 * A refusal as the answer of a stream: the JSON of `fail_closed.ts`, or for a gRPC call a status that
 * its library shows to the program, since it would not read a body.
 *
 * @module
 */
import { type Refusal, refusalBody } from "../fail_closed.ts";
import { ErrorCode } from "./frame.ts";
import type { FieldLine } from "./hpack/field_line.ts";
import type { Http2Stream } from "./http2_stream.ts";

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

/** What is still coming is read and forgotten so far: not every client reads an answer meanwhile. */
const MAX_DRAINED_BYTES = 1024 * 1024;

/**
 * Answers; `isCall` for gRPC, which is told by trailers alone (PROTOCOL-HTTP2.md, "Trailers-Only"),
 * `isHead` for a request whose answer has no body.
 */
export function refuseStream(
  stream: Http2Stream,
  refusal: Refusal,
  { isCall, isHead }: { readonly isCall: boolean; readonly isHead: boolean },
): void {
  const { status, error, message, hint } = refusal;
  // Its answer has begun: that cannot become another one.
  if (stream.hasFinalAnswer) return stream.reset(ErrorCode.INTERNAL_ERROR);
  const shared: FieldLine[] = [["cache-control", "no-store"], ["x-authsome-error", error]];
  if (isCall) {
    stream.sendHead([
      [":status", "200"],
      ["content-type", "application/grpc"],
      ...shared,
      ["grpc-status", String(GRPC_STATUS[status] ?? UNKNOWN)],
      ["grpc-message", percentEncoded(hint === undefined ? message : `${message}. ${hint}`)],
    ], { endStream: true });
  } else {
    stream.sendHead([
      [":status", String(status)],
      ["content-type", "application/json"],
      ...shared,
    ], { endStream: isHead });
    if (!isHead) {
      stream.write(new TextEncoder().encode(refusalBody(refusal)), { endStream: true })
        .catch(() => {});
    }
  }
  void drain(stream);
}

async function drain(stream: Http2Stream): Promise<void> {
  try {
    for (let left = MAX_DRAINED_BYTES; left > 0;) {
      const piece = await stream.body.read();
      if (piece === null) return;
      left -= piece.length;
    }
    stream.reset(ErrorCode.NO_ERROR);
  } catch { /* the client has left */ }
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
