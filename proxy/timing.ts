/**
 * How long the proxy waits for a client, or an HTTP/2 server, that says nothing. Tests wait for less.
 *
 * @module
 */
import { STALLED_MS } from "./stall_watch.ts";

/** All in milliseconds. */
export interface Timing {
  /** For the head of the first request on a connection. */
  readonly headMs: number;
  /** For a ClientHello inside an answered CONNECT. */
  readonly helloMs: number;
  /** For the rest of a TLS handshake. */
  readonly handshakeMs: number;
  /** For the preface of HTTP/2. */
  readonly prefaceMs: number;
  /** So long without a turn of the event loop is a standstill. */
  readonly stalledMs: number;
  /** An HTTP/2 server that says nothing for so long while calls wait is asked whether it is there. */
  readonly silentMs: number;
  /** For its answer. */
  readonly pingMs: number;
  /** Between two such questions to one that has nothing else to say. */
  readonly quietMs: number;
  /** Between two looks at what nobody takes: whether who sends it is still there. */
  readonly senderLookMs: number;
  /** So long neither a byte of an upload is taken nor one of its answer comes, and it ends. */
  readonly uploadStuckMs: number;
}

/** What is used unless a test says otherwise. */
export const TIMING: Timing = {
  headMs: 30_000,
  helloMs: 10_000,
  handshakeMs: 10_000,
  prefaceMs: 10_000,
  stalledMs: STALLED_MS,
  silentMs: 30_000,
  pingMs: 20_000,
  // gRPC's servers end a connection that asks more often than every five minutes.
  quietMs: 330_000,
  senderLookMs: 30_000,
  uploadStuckMs: 600_000,
};
