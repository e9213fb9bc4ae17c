/**
 * How HTTP/2 fails: a whole connection (RFC 9113 section 5.4.1), or one stream (section 5.4.2).
 *
 * @module
 */
import { ErrorCode } from "./frame.ts";

/** The connection cannot go on; the peer is told by GOAWAY. */
export class ConnectionFailure extends Error {
  /** Of RFC 9113 section 7. */
  readonly code: number;

  /** `message` is for people. */
  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionFailure";
    this.code = code;
  }
}

/** A rule of RFC 9113 was broken for which it has no code of its own. */
export function protocolError(message: string): ConnectionFailure {
  return new ConnectionFailure(ErrorCode.PROTOCOL_ERROR, message);
}

/** The peer allows no stream more, for too long: what was decided about the request is old by now. */
export class TooManyStreams extends Error {
  /** See the class. */
  constructor() {
    super("it allows no request more");
    this.name = "TooManyStreams";
  }
}

/**
 * Who ended a stream before it was whole; "connection": it ended with its connection, "silence": so it
 * did, because the peer does not answer any more.
 */
export type EndedBy = "us" | "peer" | "connection" | "silence";

/** The stream ended before it was whole. */
export class StreamFailure extends Error {
  /** Of RFC 9113 section 7; that of RST_STREAM where there was one. */
  readonly code: number;
  /** See {@linkcode EndedBy}. */
  readonly by: EndedBy;

  /** `message` is for people. */
  constructor(code: number, by: EndedBy, message: string) {
    super(message);
    this.name = "StreamFailure";
    this.code = code;
    this.by = by;
  }
}
